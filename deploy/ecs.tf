resource "aws_ecs_cluster" "main" {
  name = local.name

  setting {
    name  = "containerInsights"
    value = "enhanced"
  }

  depends_on = [aws_cloudwatch_log_group.main]
}

locals {
  # What all our containers have in common.
  container = {
    image                  = var.release.image
    essential              = true
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    versionConsistency     = "enabled"

    linuxParameters = {
      initProcessEnabled = true
      capabilities       = { drop = ["ALL"] }
    }
  }

  log_options = {
    awslogs-group   = aws_cloudwatch_log_group.main["app"].name
    awslogs-region  = var.region
    mode            = "non-blocking"
    max-buffer-size = "4m"
  }
}

resource "aws_ecs_task_definition" "app" {
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task.cpu
  memory                   = var.task.memory
  execution_role_arn       = aws_iam_role.execution["app"].arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  container_definitions = jsonencode([merge(local.container, {
    name         = var.component
    portMappings = [{ containerPort = var.task.port, protocol = "tcp", appProtocol = "http" }]
    ulimits      = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    # Longer than the drain, so that a task ends by itself and not by SIGKILL.
    stopTimeout = 60

    environment = [
      { name = "COMMENTS_LISTEN", value = ":${var.task.port}" },
      { name = "COMMENTS_STORE", value = local.store["comments_app"] },
      { name = "COMMENTS_DRAIN_DELAY", value = "15" },
      # Only the load balancer, which has its addresses there, tells whom it speaks for.
      { name = "COMMENTS_TRUSTED_PROXIES", value = join(",", aws_subnet.public[*].cidr_block) },
    ]

    secrets = [
      { name = "PGPASSWORD", valueFrom = local.secret_arns["database-password"] },
      { name = "COMMENTS_DEPLOY_TOKEN", valueFrom = local.secret_arns["deploy-token"] },
      { name = "COMMENTS_MODERATOR_TOKEN", valueFrom = local.secret_arns["moderator-token"] },
    ]

    healthCheck = {
      command     = ["CMD", "/usr/bin/comments-server", "--check"]
      interval    = 10
      timeout     = 3
      retries     = 3
      startPeriod = 10
    }

    logConfiguration = {
      logDriver = "awslogs"
      options   = merge(local.log_options, { awslogs-stream-prefix = var.component })
    }
  })])
}

resource "aws_ecs_service" "app" {
  name                               = var.component
  cluster                            = aws_ecs_cluster.main.id
  task_definition                    = aws_ecs_task_definition.app.arn
  desired_count                      = var.scale.min
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  availability_zone_rebalancing      = "ENABLED"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 30
  enable_execute_command             = false
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  wait_for_steady_state              = true

  network_configuration {
    subnets          = aws_subnet.private[*].id
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.app.arn
    container_name   = var.component
    container_port   = var.task.port
  }

  deployment_controller {
    type = "ECS"
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    enable      = true
    rollback    = true
    alarm_names = local.rollback_alarms
  }

  # Autoscaling sets this once there is a service.
  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [
    aws_lb_listener.http,
    aws_lb_listener.https,
    aws_wafv2_web_acl_association.main,
    terraform_data.migration,
  ]
}
