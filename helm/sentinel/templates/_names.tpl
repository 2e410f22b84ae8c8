{{/* Names, labels, image, and the cluster's version. */}}

{{- define "sentinel.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "sentinel.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "sentinel.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "sentinel.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sentinel.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ include "sentinel.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* Label of every pod that holds a sentinel: monitors, Services and policies select by it. Put it on your pod template. */}}
{{- define "sentinel.podLabels" -}}
sentinel: {{ include "sentinel.fullname" . }}
{{- end -}}

{{- define "sentinel.fleetLabels" -}}
sentinel: {{ include "sentinel.fullname" . }}-fleet
{{- end -}}

{{- define "sentinel.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* "true" where initContainers may keep running: stable in 1.33, on by default from 1.29. */}}
{{- define "sentinel.native" -}}
{{- $version := default .Capabilities.KubeVersion.Version .Values.kubeVersion -}}
{{- if eq .Values.sidecar.native "always" -}}true
{{- else if and (eq .Values.sidecar.native "auto") (semverCompare ">=1.29-0" $version) -}}true
{{- end -}}
{{- end -}}

{{- define "sentinel.serviceAccountName" -}}
{{- default (include "sentinel.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}
