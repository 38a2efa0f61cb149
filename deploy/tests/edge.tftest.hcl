# What the world sees: load balancer, name, firewall.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "edge" {
  command = plan

  # HTTPS
  assert {
    condition = (
      aws_lb_listener.http.port == 80 && aws_lb_listener.http.protocol == "HTTP" &&
      [for a in aws_lb_listener.http.default_action : a.type] == ["redirect"] &&
      [for a in aws_lb_listener.http.default_action : a.redirect[0].protocol] == ["HTTPS"] &&
      [for a in aws_lb_listener.http.default_action : a.redirect[0].port] == ["443"] &&
      [for a in aws_lb_listener.http.default_action : a.redirect[0].status_code] == ["HTTP_301"]
    )
    error_message = "Port 80 redirects to HTTPS, for good, and does nothing else (CKV_AWS_2, CKV2_AWS_20)."
  }
  assert {
    condition = (
      [for l in aws_lb_listener.https : [l.port, l.protocol]] == [[443, "HTTPS"]] &&
      [for l in aws_lb_listener.https : l.ssl_policy] == ["ELBSecurityPolicy-TLS13-1-2-2021-06"]
    )
    error_message = "Port 443 speaks TLS 1.2 or newer (CKV_AWS_103)."
  }
  assert {
    condition = [
      for l in aws_lb_listener.https :
      l.routing_http_response_strict_transport_security_header_value
    ] == ["max-age=31536000"]
    error_message = "Browsers that came once come by HTTPS for a year."
  }
  assert {
    condition = alltrue([
      for listener in aws_lb_listener.https :
      listener.certificate_arn == aws_acm_certificate_validation.main[0].certificate_arn &&
      alltrue([for a in listener.default_action : a.type == "forward"]) &&
      alltrue([for a in listener.default_action : a.target_group_arn == aws_lb_target_group.app.arn])
    ])
    error_message = "HTTPS leads to the service, with a certificate that was validated."
  }
  assert {
    condition = alltrue([
      for listener in concat([aws_lb_listener.http], aws_lb_listener.https) :
      listener.load_balancer_arn == aws_lb.main.arn
    ])
    error_message = "Both listeners are the load balancer's."
  }

  # The load balancer
  assert {
    condition     = aws_lb.main.drop_invalid_header_fields == true
    error_message = "Headers that are none are dropped (CKV_AWS_131)."
  }
  assert {
    condition     = aws_lb.main.desync_mitigation_mode == "strictest"
    error_message = "Requests that two servers could read in two ways are refused (CKV_AWS_328)."
  }
  assert {
    condition     = aws_lb.main.enable_deletion_protection == true
    error_message = "The load balancer of production is protected from deletion (CKV_AWS_150)."
  }
  assert {
    condition = [for to in aws_lb.main.access_logs : [to.enabled, to.bucket]] == [
      [true, aws_s3_bucket.access_logs.id]
    ]
    error_message = "Every access is logged (CKV_AWS_91)."
  }
  assert {
    condition = (
      aws_lb.main.internal == false && aws_lb.main.load_balancer_type == "application" &&
      aws_lb.main.security_groups == toset([aws_security_group.alb.id]) &&
      aws_lb.main.subnets == toset(aws_subnet.public[*].id)
    )
    error_message = "The load balancer stands in all public subnets, behind its own security group."
  }
  assert {
    condition     = aws_lb.main.idle_timeout < 60 && aws_lb.main.name == "comments-production"
    error_message = "The load balancer gives a connection up before the server does, after 60 s."
  }

  # Its targets
  assert {
    condition = [for check in aws_lb_target_group.app.health_check : [check.path, check.matcher]] == [
      ["/readyz", "200"]
    ]
    error_message = "A task is healthy when /readyz answers 200; / would be the original's fault."
  }
  assert {
    condition = alltrue([
      for check in aws_lb_target_group.app.health_check :
      check.protocol == "HTTP" && check.port == "traffic-port" && check.timeout < check.interval &&
      check.interval <= 15 && check.healthy_threshold == 2 && check.unhealthy_threshold == 3
    ])
    error_message = "A task that is ready is used within half a minute, one that is not given up within one."
  }
  assert {
    condition = (
      aws_lb_target_group.app.target_type == "ip" && aws_lb_target_group.app.protocol == "HTTP" &&
      aws_lb_target_group.app.port == var.task.port &&
      aws_lb_target_group.app.vpc_id == aws_vpc.main.id &&
      length(aws_lb_target_group.app.name_prefix) <= 6
    )
    error_message = "Targets are the tasks' own addresses, on the port that they listen on."
  }
  assert {
    condition     = tonumber(aws_lb_target_group.app.deregistration_delay) == 30
    error_message = "A task that goes has half a minute for what it has begun."
  }
  assert {
    condition     = aws_lb_target_group.app.load_balancing_algorithm_type == "least_outstanding_requests"
    error_message = "A task that is slow gets less to do."
  }
  assert {
    condition = (
      [for c in aws_lb_listener_rule.metrics.condition : c.path_pattern[0].values] ==
      [toset(["/metrics"])] &&
      [for a in aws_lb_listener_rule.metrics.action : a.type] == ["fixed-response"] &&
      [for a in aws_lb_listener_rule.metrics.action : a.fixed_response[0].status_code] == ["404"] &&
      aws_lb_listener_rule.metrics.listener_arn == aws_lb_listener.https[0].arn
    )
    error_message = "The service's figures are not for the public."
  }

  # Its name
  assert {
    condition = (
      output.url == "https://comments.example.com" && output.alb_hostname == aws_lb.main.dns_name
    )
    error_message = "The outputs name the public address and the load balancer's."
  }
  assert {
    condition = (
      aws_route53_record.main["A"].name == "comments.example.com" &&
      aws_route53_record.main["A"].zone_id == var.domain.zone_id &&
      [for to in aws_route53_record.main["A"].alias : [to.name, to.zone_id, to.evaluate_target_health]] ==
      [[aws_lb.main.dns_name, aws_lb.main.zone_id, true]]
    )
    error_message = "The name leads to the load balancer."
  }
  assert {
    condition = (
      aws_acm_certificate.main[0].domain_name == "comments.example.com" &&
      aws_acm_certificate.main[0].validation_method == "DNS" &&
      jsonencode([
        for record in aws_route53_record.validation :
        [record.zone_id, record.name, record.type, record.records]
        ]) == jsonencode([[
          var.domain.zone_id, "_name.comments.example.com", "CNAME", ["_value.acm.example.com"]
      ]]) &&
      aws_acm_certificate_validation.main[0].certificate_arn == aws_acm_certificate.main[0].arn &&
      aws_acm_certificate_validation.main[0].validation_record_fqdns ==
      toset([for record in aws_route53_record.validation : record.fqdn])
    )
    error_message = "The certificate is the name's, and is renewed by itself: a record proves who asks."
  }

  # The firewall
  assert {
    condition = (
      aws_wafv2_web_acl_association.main.resource_arn == aws_lb.main.arn &&
      aws_wafv2_web_acl_association.main.web_acl_arn == aws_wafv2_web_acl.main.arn &&
      aws_wafv2_web_acl.main.scope == "REGIONAL"
    )
    error_message = "The firewall stands before the load balancer (CKV2_AWS_28)."
  }
  assert {
    condition = toset([
      for group in flatten([for rule in aws_wafv2_web_acl.main.rule : rule.statement[*].managed_rule_group_statement]) :
      "${group.vendor_name} ${group.name}"
      ]) == toset([
      "AWS AWSManagedRulesAmazonIpReputationList",
      "AWS AWSManagedRulesCommonRuleSet",
      "AWS AWSManagedRulesKnownBadInputsRuleSet",
    ])
    error_message = "Amazon's three lists apply, Log4j's among them (CKV_AWS_192, CKV2_AWS_76)."
  }
  assert {
    condition = alltrue([
      for rule in aws_wafv2_web_acl.main.rule :
      length(rule.override_action) == 0 || alltrue([for o in rule.override_action : length(o.none) == 1])
    ])
    error_message = "Amazon's lists block, and do not only count."
  }
  assert {
    condition = toset(flatten([
      for rule in aws_wafv2_web_acl.main.rule : [
        for group in rule.statement[0].managed_rule_group_statement : [
          for override in group.rule_action_override :
          "${override.name} ${length(override.action_to_use[0].count)}"
        ]
      ]
      ])) == toset([
      "CrossSiteScripting_BODY 1",
      "EC2MetaDataSSRF_BODY 1",
      "GenericLFI_BODY 1",
      "GenericRFI_BODY 1",
      "SizeRestrictions_BODY 1",
    ])
    error_message = "Rules about bodies only count, and no others: a comment may hold code, and 16 KiB."
  }
  assert {
    condition = flatten([
      for rule in aws_wafv2_web_acl.main.rule : [
        for rate in rule.statement[0].rate_based_statement : [
          rule.name, rate.limit, rate.aggregate_key_type, rate.evaluation_window_sec,
          rule.action[0].block[0].custom_response[0].response_code,
        ]
      ]
    ]) == ["write-rate", var.write_rate_limit, "IP", 300, 429]
    error_message = "Who writes more than the limit in five minutes is told 429 (CKV2_AWS_31)."
  }
  assert {
    condition = flatten([
      for rule in aws_wafv2_web_acl.main.rule : [
        for rate in rule.statement[0].rate_based_statement : [
          for one in rate.scope_down_statement[0].not_statement[0].statement[0].or_statement[0].statement :
          [for match in one.byte_match_statement : [
            match.search_string, match.positional_constraint, length(match.field_to_match[0].method)
          ]]
        ]
      ]
    ]) == ["GET", "EXACTLY", 1, "HEAD", "EXACTLY", 1, "OPTIONS", "EXACTLY", 1]
    error_message = "Whatever is not GET, HEAD or OPTIONS is writing, on whatever path."
  }
  assert {
    condition = length(distinct(aws_wafv2_web_acl.main.rule[*].priority)) == 4 && alltrue([
      for rule in aws_wafv2_web_acl.main.rule :
      rule.visibility_config[0].cloudwatch_metrics_enabled && rule.visibility_config[0].sampled_requests_enabled
    ])
    error_message = "Each rule has its place and its figures."
  }
  assert {
    condition = [for d in aws_wafv2_web_acl.main.default_action : [length(d.allow), length(d.block)]] == [
      [1, 0]
    ]
    error_message = "What no rule stops gets through."
  }
  assert {
    condition = (
      aws_wafv2_web_acl_logging_configuration.main.resource_arn == aws_wafv2_web_acl.main.arn &&
      aws_wafv2_web_acl_logging_configuration.main.log_destination_configs ==
      toset([aws_cloudwatch_log_group.main["firewall"].arn])
    )
    error_message = "What the firewall stops is logged (CKV2_AWS_31)."
  }
  assert {
    condition = [
      for field in aws_wafv2_web_acl_logging_configuration.main.redacted_fields :
      field.single_header[0].name
    ] == ["authorization"]
    error_message = "No token gets into the log."
  }
}
