{{/* What the sidecar and the fleet's pods have in common. `judges`: this process rolls back, so it may need a token. */}}

{{- define "sentinel.containerSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "sentinel.env" -}}
- {name: TMPDIR, value: /var/lib/sentinel}
{{- with .Values.database.existingSecret }}
- name: SENTINEL__STORE__URL
  valueFrom: {secretKeyRef: {name: {{ . }}, key: {{ $.Values.database.key }}}}
{{- end }}
{{- end -}}

{{- define "sentinel.mounts" -}}
{{- $judges := .judges -}}
{{- with .top -}}
- {name: sentinel-config, mountPath: /etc/sentinel/sentinel.yaml, subPath: sentinel.yaml, readOnly: true}
- {name: sentinel-data, mountPath: /var/lib/sentinel}
{{- if include "sentinel.referenceSource" . }}
- {name: sentinel-reference, mountPath: /etc/sentinel/reference, readOnly: true}
{{- end }}
{{- range .Values.secrets }}
- {name: sentinel-secret-{{ . }}, mountPath: /etc/sentinel/secrets/{{ . }}, readOnly: true}
{{- end }}
{{- if and $judges (include "sentinel.clusterTargets" .) }}
- {name: sentinel-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}
{{- end -}}
{{- end -}}

{{/* The token is a volume of this container alone: the model's container never sees it. */}}
{{- define "sentinel.podVolumes" -}}
{{- $config := .config -}}
{{- $judges := .judges -}}
{{- with .top -}}
- {name: sentinel-config, configMap: {name: {{ $config }}}}
- {name: sentinel-data, emptyDir: {sizeLimit: {{ .Values.sidecar.dataSize }}}}
{{- with .Values.reference.configMap }}
- {name: sentinel-reference, configMap: {name: {{ . }}}}
{{- else }}
{{- with .Values.reference.secret }}
- {name: sentinel-reference, secret: {secretName: {{ . }}}}
{{- else }}
{{- with .Values.reference.persistentVolumeClaim }}
- {name: sentinel-reference, persistentVolumeClaim: {claimName: {{ . }}, readOnly: true}}
{{- end }}
{{- end }}
{{- end }}
{{- range .Values.secrets }}
- {name: sentinel-secret-{{ . }}, secret: {secretName: {{ . }}, defaultMode: 0444}}
{{- end }}
{{- if and $judges (include "sentinel.clusterTargets" .) }}
- name: sentinel-token
  projected:
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3600}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- end -}}
{{- end -}}
