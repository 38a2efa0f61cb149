locals {
  of_balancer = ["LoadBalancer", aws_lb.main.arn_suffix]
  of_service  = ["ClusterName", aws_ecs_cluster.main.name, "ServiceName", aws_ecs_service.app.name]
  of_cluster  = ["DBClusterIdentifier", aws_rds_cluster.main.cluster_identifier]

  panels = {
    Traffic = [concat(["AWS/ApplicationELB", "RequestCount"], local.of_balancer)]
    Errors = [
      for kind in ["Target_4XX", "Target_5XX", "ELB_5XX"] :
      concat(["AWS/ApplicationELB", "HTTPCode_${kind}_Count"], local.of_balancer)
    ]
    Latency = [
      for stat in ["p50", "p95", "p99"] : concat(
        ["AWS/ApplicationELB", "TargetResponseTime"], local.of_balancer,
        [{ stat = stat, label = stat }]
      )
    ]
    Saturation = [
      for metric in ["CPUUtilization", "MemoryUtilization"] :
      concat(["AWS/ECS", metric], local.of_service)
    ]
    Tasks = [
      for metric in ["RunningTaskCount", "DesiredTaskCount"] :
      concat(["ECS/ContainerInsights", metric], local.of_service)
    ]
    Database = [
      for metric in ["ServerlessDatabaseCapacity", "DatabaseConnections", "CommitLatency"] :
      concat(["AWS/RDS", metric], local.of_cluster)
    ]
  }

  release_title = "# ${var.component} ${var.release.version}, deployed by ${local.tags.Responsible}"
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "text", x = 0, y = 0, width = 24, height = 2
        properties = { markdown = local.release_title }
      }],
      [for index, title in keys(local.panels) : {
        type = "metric", x = index % 3 * 8, y = 2 + floor(index / 3) * 6, width = 8, height = 6
        properties = {
          title   = title
          region  = var.region
          view    = "timeSeries"
          stat    = contains(["Traffic", "Errors"], title) ? "Sum" : "Average"
          period  = 60
          metrics = local.panels[title]
        }
      }],
      [{
        type = "alarm", x = 0, y = 14, width = 24, height = 3
        properties = {
          title  = "Alarms"
          alarms = [for alarm in aws_cloudwatch_metric_alarm.main : alarm.arn]
        }
      }],
    )
  })
}
