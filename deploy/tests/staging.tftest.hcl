# What staging may do without: a domain, a second task, a database that is awake, protection.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment        = "staging"
  domain             = null
  alarm_email        = null
  architecture       = "X86_64"
  scale              = { min = 1, max = 2 }
  database           = { min_acu = 0, instances = 1, backup_days = 1 }
  log_retention_days = 30
}

run "staging" {
  command = plan

  assert {
    condition = (
      length(aws_lb_listener.https) == 0 && length(aws_acm_certificate.main) == 0 &&
      length(aws_route53_record.main) == 0 && length(aws_route53_record.validation) == 0 &&
      [for action in aws_lb_listener.http.default_action : [action.type, action.target_group_arn]] ==
      [["forward", aws_lb_target_group.app.arn]] && output.url == "http://${aws_lb.main.dns_name}"
    )
    error_message = "Without a domain the load balancer answers on its own name, by HTTP."
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.public : rule.from_port]) == toset([80])
    error_message = "Without HTTPS its port is closed."
  }
  assert {
    condition     = aws_lb_listener_rule.metrics.listener_arn == aws_lb_listener.http.arn
    error_message = "Figures are hidden here, too."
  }
  assert {
    condition = [
      for scaling in aws_rds_cluster.main.serverlessv2_scaling_configuration :
      [scaling.min_capacity, scaling.seconds_until_auto_pause]
    ] == [[0, 600]]
    error_message = "A database with a floor of 0 ACU pauses after ten minutes without a connection."
  }
  assert {
    condition = (
      aws_lb.main.enable_deletion_protection == false &&
      aws_rds_cluster.main.deletion_protection == false &&
      aws_rds_cluster.main.skip_final_snapshot == true &&
      aws_rds_cluster.main.final_snapshot_identifier == null &&
      aws_s3_bucket.access_logs.force_destroy == true
    )
    error_message = "Staging can be thrown away."
  }
  assert {
    condition = (
      aws_rds_cluster.main.storage_encrypted == true && aws_rds_cluster.main.backup_retention_period == 1 &&
      length(aws_rds_cluster_instance.main) == 1
    )
    error_message = "Staging's database is small, and encrypted like any other."
  }
  assert {
    condition = (
      aws_ecs_service.app.desired_count == 1 && aws_appautoscaling_target.app.min_capacity == 1 &&
      aws_appautoscaling_target.app.max_capacity == 2
    )
    error_message = "One task is enough for staging."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] :
      [for platform in task.runtime_platform : platform.cpu_architecture] == ["X86_64"]
    ])
    error_message = "Both tasks run on the processor that was asked for."
  }
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.main : group.retention_in_days == 30])
    error_message = "Staging's logs may be kept for less."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && length(aws_cloudwatch_metric_alarm.main) == 9
    error_message = "Alarms exist also without an address for mail."
  }
  assert {
    condition = (
      aws_ecs_cluster.main.name == "comments-staging" && local.tags.Environment == "staging" &&
      aws_cloudwatch_log_group.main["app"].name == "/ecs/comments-staging"
    )
    error_message = "Staging's names are not production's."
  }
}

run "another_component" {
  command = plan

  variables {
    component = "talk"
    region    = "us-east-1"
    vpc_cidr  = "172.20.0.0/20"
    task      = { cpu = 512, memory = 1024, port = 9000 }
  }

  assert {
    condition = (
      aws_ecs_cluster.main.name == "talk-staging" && aws_ecs_service.app.name == "talk" &&
      aws_iam_role.task.permissions_boundary == "arn:aws:iam::123456789012:policy/talk-boundary"
    )
    error_message = "Names follow the component."
  }
  assert {
    condition = (
      aws_lb_target_group.app.port == 9000 &&
      aws_vpc_security_group_ingress_rule.flow["alb-tasks"].from_port == 9000 &&
      aws_vpc_security_group_egress_rule.flow["alb-tasks"].to_port == 9000 &&
      [for to in aws_ecs_service.app.load_balancer : to.container_port] == [9000] &&
      jsondecode(aws_ecs_task_definition.app.container_definitions)[0].portMappings[0].containerPort == 9000 &&
      jsondecode(aws_ecs_task_definition.app.container_definitions)[0].environment[0].value == ":9000"
    )
    error_message = "The port is one everywhere: container, target, service and both security groups."
  }
  assert {
    condition = (
      aws_subnet.public[0].cidr_block == "172.20.0.0/24" &&
      aws_vpc_endpoint.s3.service_name == "com.amazonaws.us-east-1.s3"
    )
    error_message = "Network and endpoints follow range and region."
  }
}
