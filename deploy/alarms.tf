resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.main.id
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

locals {
  # The dimensions of a metric.
  load_balancer = { LoadBalancer = aws_lb.main.arn_suffix }
  target        = merge(local.load_balancer, { TargetGroup = aws_lb_target_group.app.arn_suffix })
  # Spelled out and not read from the service, which itself watches some of these alarms.
  service = { ClusterName = aws_ecs_cluster.main.name, ServiceName = var.component }
  cluster = { DBClusterIdentifier = aws_rds_cluster.main.cluster_identifier }

  # An alarm goes off when `stat` of its metric is over `over` for so many minutes in a row.
  alarms = {
    server-errors = {
      says   = "The program answers 5xx"
      metric = ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"]
      of     = local.target
      stat   = "Sum", over = 5, minutes = 3
    }
    unanswered = {
      says   = "The load balancer answers 5xx itself: no task does"
      metric = ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"]
      of     = local.load_balancer
      stat   = "Sum", over = 5, minutes = 3
    }
    slow = {
      says   = "One answer in a hundred takes over half a second"
      metric = ["AWS/ApplicationELB", "TargetResponseTime"]
      of     = local.target
      stat   = "p99", over = 0.5, minutes = 5
    }
    unhealthy = {
      says   = "A task fails its health check"
      metric = ["AWS/ApplicationELB", "UnHealthyHostCount"]
      of     = local.target
      stat   = "Maximum", over = 0, minutes = 5
    }
    cpu = {
      says   = "The tasks run out of processor, and scaling does not help"
      metric = ["AWS/ECS", "CPUUtilization"]
      of     = local.service
      stat   = "Average", over = 85, minutes = 10
    }
    memory = {
      says   = "The tasks run out of memory"
      metric = ["AWS/ECS", "MemoryUtilization"]
      of     = local.service
      stat   = "Average", over = 85, minutes = 5
    }
    logged-errors = {
      says   = "The program logs errors"
      metric = [var.component, "LoggedErrors-${var.environment}"]
      of     = {}
      stat   = "Sum", over = 10, minutes = 5
    }
    database-full = {
      says   = "The database is at the limit of its capacity"
      metric = ["AWS/RDS", "ACUUtilization"]
      of     = local.cluster
      stat   = "Average", over = 90, minutes = 15
    }
    database-deadlocks = {
      says   = "Transactions wait for each other"
      metric = ["AWS/RDS", "Deadlocks"]
      of     = local.cluster
      stat   = "Sum", over = 0, minutes = 5
    }
  }

  # These take back a release that set them off.
  rollback_alarms = [
    for name in ["server-errors", "slow"] : aws_cloudwatch_metric_alarm.main[name].alarm_name
  ]
}

resource "aws_cloudwatch_metric_alarm" "main" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.metric[0]
  metric_name         = each.value.metric[1]
  dimensions          = each.value.of
  statistic           = startswith(each.value.stat, "p") ? null : each.value.stat
  extended_statistic  = startswith(each.value.stat, "p") ? each.value.stat : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
