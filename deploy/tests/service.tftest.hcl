# What runs: the containers, how a release replaces another, how many tasks there are.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target          = terraform_data.migration
  override_during = plan
  values          = { output = { taskDefinition = "migrated" } }
}

run "service" {
  command = plan

  # Both containers
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] : alltrue([
        for container in jsondecode(task.container_definitions) :
        container.readonlyRootFilesystem == true
      ])
    ])
    error_message = "Root file systems are read-only (CKV_AWS_336)."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] : alltrue([
        for container in jsondecode(task.container_definitions) :
        container.user == "65532:65532" && !can(container.privileged)
      ])
    ])
    error_message = "Nothing runs as root or with privileges (CKV_AWS_334)."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] : alltrue([
        for container in jsondecode(task.container_definitions) :
        container.linuxParameters.capabilities == { drop = ["ALL"] }
      ])
    ])
    error_message = "All capabilities are dropped, and none is added."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] : alltrue([
        for container in jsondecode(task.container_definitions) :
        container.linuxParameters.initProcessEnabled == true
      ])
    ])
    error_message = "Signals reach the program, and nothing is left behind by it."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] : alltrue([
        for container in jsondecode(task.container_definitions) :
        container.image == var.release.image && can(regex("@sha256:[0-9a-f]{64}$", container.image)) &&
        container.versionConsistency == "enabled" && container.essential == true
      ])
    ])
    error_message = "What runs is the release's image, by its digest."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] : alltrue([
        for variable in flatten(jsondecode(task.container_definitions)[*].environment) :
        !can(regex("(?i)password|secret|token", "${variable.name} ${variable.value}")) &&
        !can(regex("://[^/]*:[^/]*@", variable.value))
      ])
    ])
    error_message = "No secret stands in clear among the variables."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] :
      task.network_mode == "awsvpc" && task.requires_compatibilities == toset(["FARGATE"]) &&
      task.execution_role_arn != task.task_role_arn && task.task_role_arn == aws_iam_role.task.arn &&
      [for p in task.runtime_platform : [p.cpu_architecture, p.operating_system_family]] ==
      [["ARM64", "LINUX"]]
    ])
    error_message = "Tasks run on Fargate, on ARM; who starts one is not who it runs as (CKV_AWS_249)."
  }
  assert {
    condition = alltrue([
      for task in [aws_ecs_task_definition.app, aws_ecs_task_definition.migration] : alltrue([
        for container in jsondecode(task.container_definitions) :
        container.logConfiguration.logDriver == "awslogs" &&
        container.logConfiguration.options.awslogs-group == aws_cloudwatch_log_group.main["app"].name &&
        container.logConfiguration.options.awslogs-region == "eu-west-3" &&
        container.logConfiguration.options.mode == "non-blocking"
      ])
    ])
    error_message = "Logs go to the group that exists, which the original's did not, and delay no request."
  }

  # The server's container
  assert {
    condition = {
      for variable in jsondecode(aws_ecs_task_definition.app.container_definitions)[0].environment :
      variable.name => variable.value
      } == {
      COMMENTS_LISTEN          = ":8000"
      COMMENTS_DRAIN_DELAY     = "15"
      COMMENTS_TRUSTED_PROXIES = "10.40.0.0/20,10.40.16.0/20"
      COMMENTS_STORE = join("", [
        "postgresql://comments_app@comments.cluster-mocked.eu-west-3.rds.amazonaws.com:5432/comments",
        "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/rds.pem",
      ])
    }
    error_message = "The service is a user of its own, checks whom it speaks to, and trusts the balancer only."
  }
  assert {
    condition = {
      for secret in jsondecode(aws_ecs_task_definition.app.container_definitions)[0].secrets :
      secret.name => secret.valueFrom
      } == {
      PGPASSWORD               = aws_secretsmanager_secret.main["database-password"].arn
      COMMENTS_DEPLOY_TOKEN    = aws_secretsmanager_secret.main["deploy-token"].arn
      COMMENTS_MODERATOR_TOKEN = aws_secretsmanager_secret.main["moderator-token"].arn
    }
    error_message = "Secrets come from Secrets Manager, and none of them changes under a running task."
  }
  assert {
    condition = [
      for container in jsondecode(aws_ecs_task_definition.app.container_definitions) :
      container.portMappings[*].containerPort
    ] == [[aws_lb_target_group.app.port]]
    error_message = "The container's port is the target's."
  }
  assert {
    condition = [
      for container in jsondecode(aws_ecs_task_definition.app.container_definitions) :
      container.healthCheck.command
    ] == [["CMD", "/usr/bin/comments-server", "--check"]]
    error_message = "The container is asked for its health by the program itself."
  }
  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.app.container_definitions) :
      container.healthCheck.interval <= 30 && container.healthCheck.timeout < container.healthCheck.interval &&
      container.healthCheck.retries == 3
    ])
    error_message = "A container that hangs is found out within two minutes."
  }
  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.app.container_definitions) :
      container.stopTimeout > 15 + 30 && container.stopTimeout <= 120
    ])
    error_message = "A task has the time to drain before it is killed."
  }
  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.app.container_definitions) : alltrue([
        for limit in container.ulimits :
        limit.name == "nofile" && limit.softLimit >= 20000 && limit.softLimit <= limit.hardLimit
      ])
    ])
    error_message = "A task may hold as many connections as the server takes."
  }
  assert {
    condition = (
      tonumber(aws_ecs_task_definition.app.cpu) == var.task.cpu &&
      tonumber(aws_ecs_task_definition.app.memory) == var.task.memory
    )
    error_message = "The task has the size that was asked for."
  }

  # The migration's
  assert {
    condition = (
      aws_ecs_task_definition.migration.family != aws_ecs_task_definition.app.family &&
      tonumber(aws_ecs_task_definition.migration.cpu) == 256 &&
      tonumber(aws_ecs_task_definition.migration.memory) == 512
    )
    error_message = "The migration is a task of its own, and a small one."
  }
  assert {
    condition = {
      for container in jsondecode(aws_ecs_task_definition.migration.container_definitions) :
      container.name => container.command
    } == { migration = ["migrate"] }
    error_message = "The migration's task migrates, and does not serve."
  }
  assert {
    condition = [
      for variable in jsondecode(aws_ecs_task_definition.migration.container_definitions)[0].environment :
      [variable.name, variable.value]
      ] == [[
        "COMMENTS_STORE",
        join("", [
          "postgresql://comments@comments.cluster-mocked.eu-west-3.rds.amazonaws.com:5432/comments",
          "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/rds.pem",
        ])
    ]]
    error_message = "The migration is the database's master, and checks whom it speaks to."
  }
  assert {
    condition = {
      for secret in jsondecode(aws_ecs_task_definition.migration.container_definitions)[0].secrets :
      secret.name => secret.valueFrom
      } == {
      PGPASSWORD = "${aws_rds_cluster.main.master_user_secret[0].secret_arn}:password::"
    }
    error_message = "The master's secret, which rotates, goes to the migration and nowhere else."
  }
  assert {
    condition = jsonencode(terraform_data.migration.input) == jsonencode({
      cluster        = aws_ecs_cluster.main.name
      taskDefinition = aws_ecs_task_definition.migration.arn
      launchType     = "FARGATE"
      networkConfiguration = { awsvpcConfiguration = {
        subnets        = aws_subnet.private[*].id
        securityGroups = [aws_security_group.tasks.id]
        assignPublicIp = "DISABLED"
      } }
    })
    error_message = "The migration runs where the tasks do, and as hidden."
  }
  assert {
    condition     = output.migration == { taskDefinition = "migrated" }
    error_message = "deploy/migrate learns from the outputs what to run."
  }
  assert {
    condition = toset(split(" ", output.secrets)) == toset([
      for secret in aws_secretsmanager_secret.main : secret.arn
    ])
    error_message = "deploy/migrate learns from the outputs which secrets there are."
  }
  assert {
    condition = output.database == {
      cluster         = aws_rds_cluster.main.arn
      master_secret   = aws_rds_cluster.main.master_user_secret[0].secret_arn
      password_secret = aws_secretsmanager_secret.main["database-password"].arn
    }
    error_message = "deploy/migrate learns from the outputs where the service's user belongs."
  }

  # The service
  assert {
    condition = (
      aws_ecs_service.app.cluster == aws_ecs_cluster.main.id &&
      aws_ecs_service.app.task_definition == aws_ecs_task_definition.app.arn &&
      aws_ecs_service.app.launch_type == "FARGATE" &&
      aws_ecs_service.app.platform_version == "LATEST" && output.cluster == aws_ecs_cluster.main.name &&
      output.task_definition == aws_ecs_task_definition.app.arn
    )
    error_message = "The service runs the release's task definition."
  }
  assert {
    condition = alltrue([
      for network in aws_ecs_service.app.network_configuration :
      network.assign_public_ip == false && network.subnets == toset(aws_subnet.private[*].id) &&
      network.security_groups == toset([aws_security_group.tasks.id])
    ]) && length(aws_ecs_service.app.network_configuration) == 1
    error_message = "Tasks stand in the private subnets without public addresses (CKV_AWS_333)."
  }
  assert {
    condition = [
      for to in aws_ecs_service.app.load_balancer :
      [to.target_group_arn, to.container_name, to.container_port]
    ] == [[aws_lb_target_group.app.arn, "comments", 8000]]
    error_message = "The load balancer leads to the container's port."
  }
  assert {
    condition = alltrue([
      for name in [aws_ecs_service.app.load_balancer] :
      [for to in name : to.container_name] ==
      jsondecode(aws_ecs_task_definition.app.container_definitions)[*].name
    ])
    error_message = "The service names the container as the task definition does."
  }
  assert {
    condition = [
      for breaker in aws_ecs_service.app.deployment_circuit_breaker : [breaker.enable, breaker.rollback]
    ] == [[true, true]]
    error_message = "A release whose tasks do not start is taken back."
  }
  assert {
    condition = [for alarms in aws_ecs_service.app.alarms : [alarms.enable, alarms.rollback]] == [
      [true, true]
    ]
    error_message = "A release that sets alarms off is taken back."
  }
  assert {
    condition = toset(flatten([for alarms in aws_ecs_service.app.alarms : tolist(alarms.alarm_names)])) == toset([
      aws_cloudwatch_metric_alarm.main["server-errors"].alarm_name,
      aws_cloudwatch_metric_alarm.main["slow"].alarm_name,
    ])
    error_message = "Errors and slowness are what takes a release back; both alarms exist."
  }
  assert {
    condition = (
      aws_ecs_service.app.deployment_minimum_healthy_percent == 100 &&
      aws_ecs_service.app.deployment_maximum_percent == 200 &&
      [for c in aws_ecs_service.app.deployment_controller : c.type] == ["ECS"]
    )
    error_message = "A release takes no task away before its successor is healthy."
  }
  assert {
    condition     = aws_ecs_service.app.availability_zone_rebalancing == "ENABLED"
    error_message = "Tasks spread over the zones again after one was lost."
  }
  assert {
    condition     = aws_ecs_service.app.wait_for_steady_state == true
    error_message = "An apply waits until the release is stable."
  }
  assert {
    condition     = aws_ecs_service.app.health_check_grace_period_seconds == 30
    error_message = "A task has half a minute to start."
  }
  assert {
    condition     = aws_ecs_service.app.enable_execute_command == false
    error_message = "No shell can be opened in a task."
  }
  assert {
    condition     = aws_ecs_service.app.propagate_tags == "SERVICE" && aws_ecs_service.app.enable_ecs_managed_tags == true
    error_message = "Tasks have the service's tags."
  }
  assert {
    condition = [for setting in aws_ecs_cluster.main.setting : [setting.name, setting.value]] == [
      ["containerInsights", "enhanced"]
    ]
    error_message = "Tasks are measured one by one (CKV_AWS_65)."
  }

  # How many
  assert {
    condition = (
      aws_ecs_service.app.desired_count == 3 && aws_appautoscaling_target.app.min_capacity == 3 &&
      aws_appautoscaling_target.app.max_capacity == 6
    )
    error_message = "Three tasks at least and six at most, as in the original."
  }
  assert {
    condition = (
      aws_appautoscaling_target.app.service_namespace == "ecs" &&
      aws_appautoscaling_target.app.scalable_dimension == "ecs:service:DesiredCount" &&
      aws_appautoscaling_target.app.resource_id ==
      "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.app.name}"
    )
    error_message = "What is scaled is this service."
  }
  assert {
    condition = {
      for name, policy in aws_appautoscaling_policy.app : name => jsonencode([
        for tracking in policy.target_tracking_scaling_policy_configuration : [
          tracking.target_value,
          tracking.predefined_metric_specification[0].predefined_metric_type,
          tracking.predefined_metric_specification[0].resource_label,
        ]
      ])
      } == {
      cpu = jsonencode([[60, "ECSServiceAverageCPUUtilization", null]])
      requests = jsonencode([[
        2000, "ALBRequestCountPerTarget",
        "${aws_lb.main.arn_suffix}/${aws_lb_target_group.app.arn_suffix}",
      ]])
    }
    error_message = "Tasks are kept at 60 % of their processor and 2,000 requests a minute."
  }
  assert {
    condition = alltrue([
      for policy in aws_appautoscaling_policy.app :
      policy.policy_type == "TargetTrackingScaling" &&
      policy.resource_id == aws_appautoscaling_target.app.resource_id &&
      alltrue([for tracking in policy.target_tracking_scaling_policy_configuration :
        tracking.scale_out_cooldown == 60 && tracking.scale_in_cooldown == 300 &&
        tracking.disable_scale_in != true
      ])
    ])
    error_message = "Scaling tracks targets, goes up faster than down, and does go down."
  }
}
