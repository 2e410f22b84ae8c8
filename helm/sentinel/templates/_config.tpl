{{/* sentinel.yaml for sidecars and for the fleet, and what the manifests read out of it. */}}

{{/* What both have in common: `config` over what a pod needs. */}}
{{- define "sentinel.commonConfig" -}}
{{- $pod := dict
  "process" (dict "drain_seconds" 20)
  "rollback" (dict "workload" (dict "namespace" .Release.Namespace))
-}}
{{- if not .Values.database.existingSecret -}}
{{- $_ := set $pod "store" (dict "url" "sqlite:////var/lib/sentinel/sentinel.db") -}}
{{- else -}}
{{- $_ := set $pod "store" (dict "spool_path" "/var/lib/sentinel/spool") -}}
{{- end -}}
{{- if include "sentinel.referenceSource" . -}}
{{- $_ := set $pod "reference" (dict "path" (printf "/etc/sentinel/reference/%s" .Values.reference.key)) -}}
{{- end -}}
{{- if not .Values.sidecar.gpu.enabled -}}
{{- $_ := set $pod "gpu" (dict "enabled" false) -}}
{{- end -}}
{{- mergeOverwrite $pod (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{/* With a fleet a sidecar only measures, and holds nothing that could roll back. */}}
{{- define "sentinel.sidecarConfig" -}}
{{- $config := include "sentinel.commonConfig" . | fromYaml -}}
{{- if .Values.fleet.enabled -}}
{{- $_ := set $config "fleet" (merge (dict "member" true) (default dict $config.fleet)) -}}
{{- $_ := unset $config "rollback" -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "sentinel.fleetConfig" -}}
{{- $config := omit (include "sentinel.commonConfig" . | fromYaml) "relay" -}}
{{- mergeOverwrite $config (deepCopy .Values.fleet.config) | toYaml -}}
{{- end -}}

{{/* The configuration of the process that judges and rolls back: the fleet's, else the sidecar's. */}}
{{- define "sentinel.judgeConfig" -}}
{{- include (ternary "sentinel.fleetConfig" "sentinel.sidecarConfig" .Values.fleet.enabled) . -}}
{{- end -}}

{{- define "sentinel.referenceSource" -}}
{{- with .Values.reference -}}
{{- $sources := compact (list .configMap .secret .persistentVolumeClaim) -}}
{{- if gt (len $sources) 1 -}}
{{- fail "reference: set only one of configMap, secret and persistentVolumeClaim" -}}
{{- end -}}
{{- join "" $sources -}}
{{- end -}}
{{- end -}}

{{- define "sentinel.telemetryPort" -}}
{{- $telemetry := default dict .Values.config.telemetry -}}
{{- default "0.0.0.0:9108" $telemetry.listen | splitList ":" | last -}}
{{- end -}}

{{/* Ports on which clients connect, as a YAML list of numbers. */}}
{{- define "sentinel.trafficPorts" -}}
{{- range default (list dict) .Values.config.relay }}
- {{ default "0.0.0.0:8081" .listen | splitList ":" | last }}
{{- end -}}
{{- end -}}

{{/* Rollback targets that speak to this cluster's API server, as a YAML list; empty when none. */}}
{{- define "sentinel.clusterTargets" -}}
{{- $config := include "sentinel.judgeConfig" . | fromYaml -}}
{{- range (default dict $config.rollback).targets -}}
{{- if and (has .type (list "kubernetes_deployment" "argo_rollouts" "kserve")) (not .url) }}
- type: {{ .type }}
  name: {{ default (default "model" (default dict $config.model).name) (default dict .options).name | quote }}
  namespace: {{ default $.Release.Namespace (default dict .options).namespace | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
