{{- define "lagwise.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "lagwise.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "lagwise.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "lagwise.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "lagwise.selector" -}}
app.kubernetes.io/name: {{ include "lagwise.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lagwise.labels" -}}
{{ include "lagwise.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "lagwise.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "lagwise.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "lagwise.image" -}}
{{- $repository := .Values.image.repository -}}
{{- with .Values.image.registry }}{{ $repository = printf "%s/%s" . $repository }}{{ end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* What the chart itself knows, below what values.config says. */ -}}
{{- define "lagwise.config" -}}
{{- $config := dict -}}
{{- $_ := set $config "listen" (printf ":%v" .Values.service.port) -}}
{{- $_ := set $config "http" (dict "listen" (printf ":%v" .Values.service.httpPort)) -}}
{{- $_ := set $config "health" (dict "listen" ":8082") -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $config "tls" (dict "certificateFile" "/etc/lagwise/tls/tls.crt" "keyFile" "/etc/lagwise/tls/tls.key") -}}
{{- if .Values.tls.clientNames -}}
{{- $_ := set $config.tls "clientCAFile" "/etc/lagwise/tls/ca.crt" -}}
{{- $_ := set $config.tls "clientNames" .Values.tls.clientNames -}}
{{- end -}}
{{- end -}}
{{- if .Values.triggerAuthentications.enabled -}}
{{- $_ := set $config "triggerAuthentications" true -}}
{{- $_ := set $config "clusterObjectNamespace" .Values.keda.namespace -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config (deepCopy .Values.config)) -}}
{{- end -}}

{{- define "lagwise.healthPort" -}}
{{- $config := include "lagwise.config" . | fromYaml -}}
{{- required "config.health.listen: want an address with a port, such as :8082: the kubelet's probes need it" (regexFind "[0-9]+$" (toString $config.health.listen)) -}}
{{- end -}}
