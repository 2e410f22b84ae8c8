{{/* What the injecting webhook adds to a pod: the same sidecar, volumes and labels as for a chart's pod template. */}}
{{- define "sentinel.injectedPod" -}}
metadata:
  labels: {{- include "sentinel.podLabels" . | nindent 4 }}
spec:
  {{ ternary "initContainers" "containers" (not (empty (include "sentinel.native" .))) }}:
    {{- list (include "sentinel.sidecar" . | fromYaml) | toYaml | nindent 4 }}
  volumes: {{- include "sentinel.volumes" . | nindent 4 }}
{{- end -}}

{{- define "sentinel.injectorLabels" -}}
sentinel: {{ include "sentinel.fullname" . }}-injector
{{- end -}}
