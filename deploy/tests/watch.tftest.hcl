# What is seen and told: logs, alarms, dashboard, tags.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "watch" {
  command = plan

  # Logs
  assert {
    condition = toset([for group in aws_cloudwatch_log_group.main : group.name]) == toset([
      "/ecs/comments-production",
      "/aws/ecs/containerinsights/comments-production/performance",
      "/aws/rds/cluster/comments-production/postgresql",
      "/vpc/comments-production",
      "aws-waf-logs-comments-production",
    ])
    error_message = "Every log group exists before anything writes to it."
  }
  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.main : group.retention_in_days == 365
    ])
    error_message = "Logs are kept for a year (CKV_AWS_338)."
  }
  assert {
    condition = alltrue([
      for group in aws_cloudwatch_log_group.main : group.kms_key_id == aws_kms_key.main.arn
    ])
    error_message = "Logs are encrypted (CKV_AWS_158)."
  }
  assert {
    condition = (
      aws_flow_log.main.vpc_id == aws_vpc.main.id && aws_flow_log.main.traffic_type == "REJECT" &&
      aws_flow_log.main.log_destination == aws_cloudwatch_log_group.main["flow"].arn &&
      aws_flow_log.main.iam_role_arn == aws_iam_role.flow.arn
    )
    error_message = "What the network refuses is logged (CKV2_AWS_11)."
  }
  assert {
    condition = (
      aws_cloudwatch_log_metric_filter.errors.log_group_name == "/ecs/comments-production" &&
      aws_cloudwatch_log_metric_filter.errors.pattern == "{ $.level = \"error\" }" &&
      [for to in aws_cloudwatch_log_metric_filter.errors.metric_transformation : [to.namespace, to.name, to.value]]
      == [["comments", "LoggedErrors-production", "1"]]
    )
    error_message = "Errors in the program's log are counted."
  }

  # Alarms
  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.main : name => join(" ", [
        alarm.namespace, alarm.metric_name,
        join("", compact([alarm.statistic, alarm.extended_statistic])),
        alarm.threshold, alarm.evaluation_periods,
      ])
      } == {
      server-errors      = "AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum 5 3"
      unanswered         = "AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum 5 3"
      slow               = "AWS/ApplicationELB TargetResponseTime p99 0.5 5"
      unhealthy          = "AWS/ApplicationELB UnHealthyHostCount Maximum 0 5"
      cpu                = "AWS/ECS CPUUtilization Average 85 10"
      memory             = "AWS/ECS MemoryUtilization Average 85 5"
      logged-errors      = "comments LoggedErrors-production Sum 10 5"
      database-full      = "AWS/RDS ACUUtilization Average 90 15"
      database-deadlocks = "AWS/RDS Deadlocks Sum 0 5"
    }
    error_message = "Nine things are watched."
  }
  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.main :
      alarm.alarm_name == "comments-production-${name}"
    ]) && aws_sns_topic.alarms.name == "comments-production-alarms"
    error_message = "Two environments' alarms do not get into each other's way."
  }
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.main :
      alarm.actions_enabled == true && alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) &&
      alarm.ok_actions == toset([aws_sns_topic.alarms.arn])
    ])
    error_message = "Every alarm is told, and so is its end."
  }
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.main :
      alarm.comparison_operator == "GreaterThanThreshold" && alarm.period == 60 &&
      alarm.treat_missing_data == "notBreaching" && length(alarm.alarm_description) > 10
    ])
    error_message = "No alarm is on when nothing happens, as one of the original's was."
  }
  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.main : name => alarm.dimensions
      if contains(["server-errors", "slow", "unhealthy"], name)
      } == {
      for name in ["server-errors", "slow", "unhealthy"] : name => tomap({
        LoadBalancer = "app/mocked/0"
        TargetGroup  = "targetgroup/mocked/0"
      })
    }
    error_message = "What the program does is measured at the target group."
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.main["unanswered"].dimensions ==
      tomap({ LoadBalancer = "app/mocked/0" }) &&
      alltrue([for name in ["cpu", "memory"] :
        aws_cloudwatch_metric_alarm.main[name].dimensions ==
        tomap({ ClusterName = "comments-production", ServiceName = "comments" })
      ]) &&
      alltrue([for name in ["database-full", "database-deadlocks"] :
        aws_cloudwatch_metric_alarm.main[name].dimensions ==
        tomap({ DBClusterIdentifier = "comments-production" })
      ])
    )
    error_message = "Balancer, service and database are measured as what they are."
  }
  assert {
    condition = (
      aws_ecs_service.app.name == "comments" && aws_ecs_cluster.main.name == "comments-production" &&
      aws_rds_cluster.main.cluster_identifier == "comments-production" &&
      alltrue([
        for alarm in [aws_cloudwatch_metric_alarm.main["logged-errors"]] : [alarm.namespace, alarm.metric_name] == [
          for to in aws_cloudwatch_log_metric_filter.errors.metric_transformation : [to.namespace, to.name]
        ][0]
      ])
    )
    error_message = "Alarms watch what exists, by its own name."
  }
  assert {
    condition = (
      aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.main.id &&
      [for to in aws_sns_topic_subscription.email : [to.topic_arn, to.protocol, to.endpoint]] ==
      [[aws_sns_topic.alarms.arn, "email", "alarms@example.com"]]
    )
    error_message = "Alarms have a receiver, and are encrypted on their way (CKV_AWS_26)."
  }

  # The dashboard
  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets :
      widget.properties.markdown if widget.type == "text"
    ] == ["# comments 1.2.3+abcdef0, deployed by octocat_bot_"]
    error_message = "The dashboard says which release it shows, and whose it is."
  }
  assert {
    condition = toset(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets :
      [for metric in widget.properties.metrics : "${widget.properties.title} ${metric[0]} ${metric[1]}"]
      if widget.type == "metric"
      ])) == toset([
      "Traffic AWS/ApplicationELB RequestCount",
      "Errors AWS/ApplicationELB HTTPCode_Target_4XX_Count",
      "Errors AWS/ApplicationELB HTTPCode_Target_5XX_Count",
      "Errors AWS/ApplicationELB HTTPCode_ELB_5XX_Count",
      "Latency AWS/ApplicationELB TargetResponseTime",
      "Saturation AWS/ECS CPUUtilization",
      "Saturation AWS/ECS MemoryUtilization",
      "Tasks ECS/ContainerInsights RunningTaskCount",
      "Tasks ECS/ContainerInsights DesiredTaskCount",
      "Database AWS/RDS ServerlessDatabaseCapacity",
      "Database AWS/RDS DatabaseConnections",
      "Database AWS/RDS CommitLatency",
    ])
    error_message = "The dashboard shows traffic, errors, latency, saturation, tasks and database."
  }
  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets :
      widget.properties.region == "eu-west-3" && widget.properties.period == 60 &&
      widget.properties.stat == (contains(["Traffic", "Errors"], widget.properties.title) ? "Sum" : "Average")
      if widget.type == "metric"
    ])
    error_message = "Counts are summed up and levels averaged, minute by minute, where the stack is."
  }
  assert {
    condition = toset(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets :
      widget.properties.alarms if widget.type == "alarm"
    ])) == toset([for alarm in aws_cloudwatch_metric_alarm.main : alarm.arn])
    error_message = "The dashboard shows every alarm."
  }
  assert {
    condition = length(distinct([
      for widget in jsondecode(aws_cloudwatch_dashboard.main.dashboard_body).widgets : [widget.x, widget.y]
    ])) == 8 && output.dashboard == "comments-production"
    error_message = "No panel hides another."
  }

  # Tags
  assert {
    condition = local.tags == {
      Component   = "comments"
      Environment = "production"
      Version     = "1.2.3+abcdef0"
      Responsible = "octocat_bot_"
      ManagedBy   = "terraform"
    }
    error_message = "Everything says what it belongs to, which release, and who is responsible."
  }
  assert {
    condition     = output.release == var.release
    error_message = "The outputs say what was deployed last."
  }
}
