{{/*
The sidecar for a pod template of your own chart, which has this one as a dependency:

    metadata:
      labels: {{- include "sentinel.podLabels" .Subcharts.sentinel | nindent 8 }}
      annotations: {{- include "sentinel.podAnnotations" .Subcharts.sentinel | nindent 8 }}
    spec:
      initContainers: {{- include "sentinel.initContainers" .Subcharts.sentinel | nindent 8 }}
      containers:
        - name: model …
        {{- include "sentinel.containers" .Subcharts.sentinel | nindent 8 }}
      volumes: {{- include "sentinel.volumes" .Subcharts.sentinel | nindent 8 }}

One of initContainers and containers is empty, by the cluster's version.
*/}}

{{- define "sentinel.initContainers" -}}
{{- if include "sentinel.native" . -}}
{{- list (include "sentinel.sidecar" . | fromYaml) | toYaml -}}
{{- end -}}
{{- end -}}

{{- define "sentinel.containers" -}}
{{- if not (include "sentinel.native" .) -}}
{{- list (include "sentinel.sidecar" . | fromYaml) | toYaml -}}
{{- end -}}
{{- end -}}

{{- define "sentinel.volumes" -}}
{{- include "sentinel.podVolumes" (dict "top" . "config" (include "sentinel.fullname" .) "judges" (not .Values.fleet.enabled)) -}}
{{- end -}}

{{- define "sentinel.podAnnotations" -}}
checksum/sentinel: {{ include "sentinel.sidecarConfig" . | sha256sum }}
{{- end -}}

{{/* The container. Its probes ask for the listening socket, which the supervisor keeps open whatever becomes of the
observer or the model: neither can take the pod out of rotation here. The observer's health is /readyz and an alert. */}}
{{- define "sentinel.sidecar" -}}
{{- $port := include "sentinel.trafficPorts" . | fromYamlArray | first -}}
name: sentinel
image: {{ include "sentinel.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if include "sentinel.native" . }}
restartPolicy: Always
{{- end }}
command: [sentinel]
args: [run, --config, /etc/sentinel/sentinel.yaml]
env:
  {{- include "sentinel.env" . | nindent 2 }}
  {{- if .Values.sidecar.gpu.enabled }}
  - {name: NVIDIA_VISIBLE_DEVICES, value: all}
  - {name: NVIDIA_DRIVER_CAPABILITIES, value: utility}
  {{- end }}
  {{- with .Values.sidecar.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  {{- range $index, $traffic := include "sentinel.trafficPorts" . | fromYamlArray }}
  - {name: traffic-{{ $index }}, containerPort: {{ $traffic }}, protocol: TCP}
  {{- end }}
  - {name: telemetry, containerPort: {{ include "sentinel.telemetryPort" . }}, protocol: TCP}
startupProbe:
  tcpSocket: {port: {{ $port }}}
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  tcpSocket: {port: {{ $port }}}
  periodSeconds: 10
  timeoutSeconds: 3
{{- if and (not (include "sentinel.native" .)) .Values.sidecar.preStopSeconds }}
lifecycle:
  preStop:
    exec: {command: [python, -c, "import time; time.sleep({{ .Values.sidecar.preStopSeconds }})"]}
{{- end }}
resources: {{- toYaml .Values.sidecar.resources | nindent 2 }}
securityContext: {{- include "sentinel.containerSecurity" . | nindent 2 }}
volumeMounts: {{- include "sentinel.mounts" (dict "top" . "judges" (not .Values.fleet.enabled)) | nindent 2 }}
{{- end -}}
