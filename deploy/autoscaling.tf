resource "aws_appautoscaling_target" "app" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.app.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.scale.min
  max_capacity       = var.scale.max
}

# If one of both wants more tasks, there are more; there are fewer only when both agree.
locals {
  scaling = {
    cpu = {
      metric = "ECSServiceAverageCPUUtilization"
      target = var.scale.cpu_percent
      label  = null
    }
    requests = {
      metric = "ALBRequestCountPerTarget"
      target = var.scale.requests_per_target
      label  = "${aws_lb.main.arn_suffix}/${aws_lb_target_group.app.arn_suffix}"
    }
  }
}

resource "aws_appautoscaling_policy" "app" {
  for_each = local.scaling

  name               = "${local.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.app.service_namespace
  resource_id        = aws_appautoscaling_target.app.resource_id
  scalable_dimension = aws_appautoscaling_target.app.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
      resource_label         = each.value.label
    }
  }
}
