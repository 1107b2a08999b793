{{- /* Changes a Deployment, Job or CronJob in place: images, Secrets, variables, resources. */ -}}
{{- define "housing.workload" }}
{{- $spec := .object.spec }}
{{- $_ := mergeOverwrite $spec (pick .given "replicas" "suspend" "schedule") }}
{{- if eq .object.kind "CronJob" }}{{ $spec = $spec.jobTemplate.spec }}{{ end }}
{{- $pod := $spec.template.spec }}
{{- with .values.imagePullSecrets }}
{{- $names := list }}
{{- range . }}{{ $names = append $names (dict "name" .) }}{{ end }}
{{- $_ := set $pod "imagePullSecrets" $names }}
{{- end }}
{{- range $pod.volumes }}
{{- if .secret }}{{ $_ := set .secret "secretName" (index $.values.secrets .secret.secretName) }}{{ end }}
{{- end }}
{{- range concat ($pod.initContainers | default list) $pod.containers }}
{{- $_ := set . "image" (index $.values.images .image) }}
{{- range .env }}
{{- with (.valueFrom | default dict).secretKeyRef }}
{{- $_ := set . "name" (index $.values.secrets .name) }}
{{- end }}
{{- end }}
{{- if and .envFrom (eq $.object.kind "Deployment") }}
{{- /* Pods are made anew where the variables that they start with change. */ -}}
{{- $sum := dict "checksum/registry" (toJson $.registry | sha256sum) }}
{{- $_ := set $spec.template.metadata "annotations" $sum }}
{{- end }}
{{- end }}
{{- $main := first $pod.containers }}
{{- $_ := set $main "resources" (mergeOverwrite $main.resources .given.resources) }}
{{- if .given.env }}
{{- $env := list }}
{{- range $main.env }}
{{- if not (hasKey $.given.env .name) }}{{ $env = append $env . }}{{ end }}
{{- end }}
{{- range $name, $value := .given.env }}
{{- $env = append $env (dict "name" $name "value" $value) }}
{{- end }}
{{- $_ := set $main "env" $env }}
{{- end }}
{{- end }}

{{- /* Changes the autoscaler in place: it takes the largest number that any metric asks for. */ -}}
{{- define "housing.autoscaler" }}
{{- $given := .values.autoscaling }}
{{- $_ := mergeOverwrite .object.spec (pick $given "minReplicas" "maxReplicas") }}
{{- with $given.queueDepth }}
{{- $target := dict "type" "AverageValue" "averageValue" (toString .) }}
{{- $pods := dict "metric" (dict "name" "housing_queue_depth") "target" $target }}
{{- $metrics := append $.object.spec.metrics (dict "type" "Pods" "pods" $pods) }}
{{- $_ := set $.object.spec "metrics" $metrics }}
{{- end }}
{{- end }}
