# lagwise and what it cannot do without: no shell, no package manager, no C library. "make image" builds what is copied.
FROM scratch
ARG TARGETARCH
COPY dist/authorities.pem /etc/ssl/certs/ca-certificates.crt
COPY dist/${TARGETARCH}/lagwise /lagwise
COPY dist/${TARGETARCH}/bill.cdx.json dist/${TARGETARCH}/NOTICES.txt /licenses/
USER 65532:65532
EXPOSE 6000
ENTRYPOINT ["/lagwise"]
CMD ["serve"]
LABEL org.opencontainers.image.title="lagwise" \
      org.opencontainers.image.description="External scaler for KEDA: Kafka consumer lag, told in milliseconds" \
      org.opencontainers.image.source="https://github.com/lagwise/lagwise" \
      org.opencontainers.image.licenses="Apache-2.0"
