{{- define "lagwise.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* A Service's name has no dots, which a release's may have. */ -}}
{{- define "lagwise.fullname" -}}
{{- $name := printf "%s-%s" .Release.Name (include "lagwise.name" .) -}}
{{- if .Values.fullnameOverride -}}
{{- $name = .Values.fullnameOverride -}}
{{- else if contains (include "lagwise.name" .) .Release.Name -}}
{{- $name = .Release.Name -}}
{{- end -}}
{{- $name | replace "." "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "lagwise.selector" -}}
app.kubernetes.io/name: {{ include "lagwise.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lagwise.labels" -}}
{{- include "lagwise.labelsWith" (list . dict) -}}
{{- end -}}

{{- /* Of one key the chart's own label counts, because its selectors and Helm go by them; then that of the object; then that of all. */ -}}
{{- define "lagwise.labelsWith" -}}
{{- $root := index . 0 -}}
{{- $own := include "lagwise.selector" $root | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_") -}}
{{- toYaml (merge $own (deepCopy (default dict (index . 1))) (deepCopy (default dict $root.Values.commonLabels))) -}}
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

{{- /* lagwise.port is that of a setting of the configuration, such as http.listen: the Pod is reached at no other, because the Service is
headless. It is empty where the setting is. */ -}}
{{- define "lagwise.port" -}}
{{- $root := index . 0 -}}
{{- $setting := index . 1 -}}
{{- $variable := printf "LAGWISE_%s" ($setting | replace "." "_" | upper) -}}
{{- range $root.Values.env -}}
{{- if eq .name $variable -}}
{{- fail (printf "env: %s moves a port that the chart does not know then: set config.%s" $variable $setting) -}}
{{- end -}}
{{- end -}}
{{- $address := include "lagwise.config" $root | fromYaml -}}
{{- range splitList "." $setting -}}
{{- $address = index $address . -}}
{{- end -}}
{{- if $address -}}
{{- if not (regexMatch ":[0-9]+$" (toString $address)) -}}
{{- fail (printf "config.%s %q: want an address with a port, such as :6000" $setting (toString $address)) -}}
{{- end -}}
{{- regexFind "[0-9]+$" $address -}}
{{- end -}}
{{- end -}}
