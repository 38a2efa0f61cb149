# What the pipeline stands on: who may deploy, where images and states are.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  repository = "octo-org/comments"
}

run "bootstrap" {
  command = plan

  # Who
  assert {
    condition = {
      for name, role in aws_iam_role.pipeline :
      name => jsonencode(jsondecode(role.assume_role_policy).Statement[*].Condition)
      } == {
      for name, subject in {
        plan       = "repo:octo-org/comments:pull_request"
        publish    = "repo:octo-org/comments:ref:refs/heads/main"
        staging    = "repo:octo-org/comments:environment:staging"
        production = "repo:octo-org/comments:environment:production"
      } :
      name => jsonencode([{ StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = subject
      } }])
    }
    error_message = "Each role is for exactly one kind of run of one repository, without a wildcard."
  }
  assert {
    condition = alltrue([
      for role in aws_iam_role.pipeline : jsonencode([
        for statement in jsondecode(role.assume_role_policy).Statement :
        [statement.Effect, statement.Action, statement.Principal]
        ]) == jsonencode([[
          "Allow", "sts:AssumeRoleWithWebIdentity",
          { Federated = aws_iam_openid_connect_provider.github.arn }
      ]])
    ])
    error_message = "The pipeline proves who it is by GitHub's word, and by no key."
  }
  assert {
    condition = (
      aws_iam_openid_connect_provider.github.url == "https://token.actions.githubusercontent.com" &&
      aws_iam_openid_connect_provider.github.client_id_list == toset(["sts.amazonaws.com"])
    )
    error_message = "GitHub's word is taken for AWS only."
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.pipeline : role.max_session_duration == 3600])
    error_message = "A role is given back after an hour."
  }

  assert {
    condition = alltrue([
      for policy in concat(
        values(aws_iam_role.pipeline)[*].assume_role_policy,
        values(aws_iam_role_policy.deploy)[*].policy,
        [aws_iam_policy.boundary.policy, aws_iam_role_policy.publish.policy, aws_s3_bucket_policy.state.policy]
      ) : jsondecode(policy).Version == "2012-10-17"
    ])
    error_message = "Policies are in the language that conditions are understood in."
  }

  # What
  assert {
    condition = alltrue(flatten([
      for policy in concat(
        [aws_iam_policy.boundary, aws_iam_role_policy.publish], values(aws_iam_role_policy.deploy)
        ) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in flatten([statement.Action]) : !strcontains(action, "*")
        ]
      ]
    ]))
    error_message = "Policies name every action."
  }
  assert {
    condition = (
      aws_iam_role_policy_attachment.plan.policy_arn == "arn:aws:iam::aws:policy/ReadOnlyAccess" &&
      aws_iam_role_policy_attachment.plan.role == aws_iam_role.pipeline["plan"].name
    )
    error_message = "Who plans for a pull request changes nothing."
  }
  assert {
    condition = {
      for name, attached in aws_iam_role_policy_attachment.deploy :
      name => "${attached.role} ${attached.policy_arn}"
      } == {
      staging    = "comments-pipeline-staging arn:aws:iam::aws:policy/PowerUserAccess"
      production = "comments-pipeline-production arn:aws:iam::aws:policy/PowerUserAccess"
    }
    error_message = "Who deploys may do everything but IAM."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.publish.policy).Statement :
      statement.Sid => jsonencode([statement.Effect, statement.Action, statement.Resource])
      } == {
      LogIn = jsonencode(["Allow", "ecr:GetAuthorizationToken", "*"])
      Push = jsonencode([
        "Allow",
        [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
          "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage",
          "ecr:UploadLayerPart",
        ],
        aws_ecr_repository.main.arn,
      ])
    }
    error_message = "Who publishes pushes to this repository, deletes nothing, and does nothing else."
  }
  assert {
    condition     = aws_iam_role_policy.publish.role == aws_iam_role.pipeline["publish"].id
    error_message = "Pushing is for who publishes."
  }
  assert {
    condition = { for name, policy in aws_iam_role_policy.deploy : name => policy.role } == {
      for name in ["staging", "production"] : name => aws_iam_role.pipeline[name].id
    }
    error_message = "Each environment's policy is its own role's."
  }
  assert {
    condition = {
      for name, policy in aws_iam_role_policy.deploy : name => distinct([
        for statement in jsondecode(policy.policy).Statement : jsonencode(statement.Resource)
        if contains(["MakeRolesBelowTheBoundary", "KeepRoles", "HandRolesToTheirServices"], statement.Sid)
      ])
      } == {
      for name in ["staging", "production"] :
      name => tolist([jsonencode("arn:aws:iam::123456789012:role/comments-${name}-*")])
    }
    error_message = "Who deploys an environment makes that environment's roles, and no others."
  }
  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.deploy : {
        for statement in jsondecode(policy.policy).Statement :
        statement.Sid => jsonencode([statement.Effect, statement.Action, statement.Condition])
        if contains(["MakeRolesBelowTheBoundary", "HandRolesToTheirServices"], statement.Sid)
        } == {
        MakeRolesBelowTheBoundary = jsonencode([
          "Allow", ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"],
          { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary.arn } }
        ])
        HandRolesToTheirServices = jsonencode([
          "Allow", "iam:PassRole",
          { StringEquals = { "iam:PassedToService" = [
            "ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com",
          ] } }
        ])
      }
    ])
    error_message = "Roles are made below the boundary only, and for two services only."
  }
  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.deploy : {
        for statement in jsondecode(policy.policy).Statement :
        statement.Sid => jsonencode([statement.Effect, statement.Action, try(statement.Condition, null)])
        if contains(["KeepRoles", "LetServicesWorkForTheFirstTime"], statement.Sid)
        } == {
        KeepRoles = jsonencode([
          "Allow",
          [
            "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies", "iam:TagRole", "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
          ],
          null
        ])
        LetServicesWorkForTheFirstTime = jsonencode([
          "Allow", "iam:CreateServiceLinkedRole",
          { StringEquals = { "iam:AWSServiceName" = [
            "ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com",
            "elasticloadbalancing.amazonaws.com", "rds.amazonaws.com", "wafv2.amazonaws.com",
          ] } }
        ])
      }
    ])
    error_message = "Roles are kept and taken away, and AWS's own are made, for five services."
  }
  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.deploy : [
        for statement in jsondecode(policy.policy).Statement : statement.Resource
        if statement.Sid == "LetServicesWorkForTheFirstTime"
      ] == ["arn:aws:iam::123456789012:role/aws-service-role/*"]
    ])
    error_message = "Of AWS's own roles, nothing else is touched."
  }
  assert {
    condition     = aws_iam_policy.boundary.name == "comments-boundary"
    error_message = "The boundary has the name by which the stack's roles are put below it."
  }
  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.deploy : alltrue([
        for statement in jsondecode(policy.policy).Statement : alltrue([
          for action in ["iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:CreateUser"] :
          !contains(flatten([statement.Action]), action)
        ])
      ])
    ])
    error_message = "No role gets out of the boundary."
  }
  assert {
    condition = {
      for name, policy in aws_iam_role_policy.deploy : name => {
        for statement in jsondecode(policy.policy).Statement :
        statement.Sid => jsonencode([statement.Action, statement.Resource])
        if statement.Effect == "Deny"
      }
      } == {
      for name, other in { staging = "production", production = "staging" } : name => {
        LeaveTheOthersStateAlone = jsonencode([
          ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"],
          ["${aws_s3_bucket.state.arn}/${other}.tfstate*"],
        ])
        LeaveTheBucketAlone = jsonencode([
          [
            "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObjectVersion",
            "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
          ],
          [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"],
        ])
        LeavePushingToPublish = jsonencode([
          [
            "ecr:BatchDeleteImage", "ecr:DeleteRepository", "ecr:PutImage",
            "ecr:PutImageTagMutability", "ecr:SetRepositoryPolicy",
          ],
          aws_ecr_repository.main.arn,
        ])
      }
    }
    error_message = "Who deploys keeps to its own state, destroys none, and pushes no image."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_policy.boundary.policy).Statement :
      statement.Sid => jsonencode([statement.Effect, statement.Action, statement.Resource])
      } == {
      LogIn = jsonencode(["Allow", "ecr:GetAuthorizationToken", "*"])
      PullImages = jsonencode([
        "Allow",
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        aws_ecr_repository.main.arn,
      ])
      WriteLogs = jsonencode([
        "Allow", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "arn:aws:logs:eu-west-3:123456789012:log-group:*",
      ])
      ReadSecrets = jsonencode(["Allow", "secretsmanager:GetSecretValue", [
        "arn:aws:secretsmanager:eu-west-3:123456789012:secret:comments-*",
        "arn:aws:secretsmanager:eu-west-3:123456789012:secret:rds!cluster-*",
      ]])
      DecryptSecrets = jsonencode([
        "Allow", "kms:Decrypt", "arn:aws:kms:eu-west-3:123456789012:key/*",
      ])
    }
    error_message = "The most that a stack's role can do is to start a task and to write its log."
  }

  # Images
  assert {
    condition     = aws_ecr_repository.main.image_tag_mutability == "IMMUTABLE"
    error_message = "A tag never moves (CKV_AWS_51)."
  }
  assert {
    condition = [
      for scanning in aws_ecr_repository.main.image_scanning_configuration : scanning.scan_on_push
    ] == [true]
    error_message = "Images are scanned when they come (CKV_AWS_163)."
  }
  assert {
    condition = [
      for encryption in aws_ecr_repository.main.encryption_configuration : encryption.encryption_type
    ] == ["KMS"]
    error_message = "Images are encrypted with KMS (CKV_AWS_136)."
  }
  assert {
    condition     = aws_ecr_repository.main.name == "comments" && aws_ecr_repository.main.force_delete == false
    error_message = "The registry is the component's, and does not go with its images in it."
  }
  assert {
    condition = jsonencode([
      for rule in jsondecode(aws_ecr_lifecycle_policy.main.policy).rules : [
        rule.selection.tagStatus, rule.selection.countType, rule.selection.countNumber, rule.action.type
      ]
    ]) == jsonencode([["any", "imageCountMoreThan", 400, "expire"]])
    error_message = "Old images go, and some fifty releases stay to go back to."
  }
  assert {
    condition     = aws_ecr_lifecycle_policy.main.repository == aws_ecr_repository.main.name
    error_message = "That rule is this registry's."
  }

  # States
  assert {
    condition = [
      for versioning in aws_s3_bucket_versioning.state.versioning_configuration : versioning.status
    ] == ["Enabled"]
    error_message = "Every earlier state can be gone back to."
  }
  assert {
    condition = flatten([
      for rule in aws_s3_bucket_server_side_encryption_configuration.state.rule :
      rule.apply_server_side_encryption_by_default[*].sse_algorithm
    ]) == ["aws:kms"]
    error_message = "States are encrypted with KMS (CKV_AWS_145)."
  }
  assert {
    condition = (
      aws_s3_bucket_public_access_block.state.block_public_acls == true &&
      aws_s3_bucket_public_access_block.state.block_public_policy == true &&
      aws_s3_bucket_public_access_block.state.ignore_public_acls == true &&
      aws_s3_bucket_public_access_block.state.restrict_public_buckets == true
    )
    error_message = "No one else may read the states."
  }
  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_s3_bucket_policy.state.policy).Statement :
      [statement.Effect, statement.Principal, statement.Action, statement.Resource, statement.Condition]
      ]) == jsonencode([[
        "Deny", { AWS = "*" }, "s3:*", [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"],
        { Bool = { "aws:SecureTransport" = "false" } }
    ]])
    error_message = "A state is never read or written unencrypted."
  }
  assert {
    condition = (
      aws_s3_bucket.state.bucket == "comments-terraform-123456789012" && alltrue([
        for bucket in [
          aws_s3_bucket_versioning.state.bucket, aws_s3_bucket_public_access_block.state.bucket,
          aws_s3_bucket_server_side_encryption_configuration.state.bucket,
          aws_s3_bucket_policy.state.bucket, aws_s3_bucket_lifecycle_configuration.state.bucket,
        ] : bucket == aws_s3_bucket.state.id
      ])
    )
    error_message = "All this is said of the one bucket that holds the states."
  }
  assert {
    condition = flatten([
      for rule in aws_s3_bucket_lifecycle_configuration.state.rule : [
        rule.status, rule.noncurrent_version_expiration[*].noncurrent_days, length(rule.expiration)
      ]
    ]) == ["Enabled", 365, 0]
    error_message = "Old states go after a year, and the newest never."
  }

  # What the settings want to know
  assert {
    condition = (
      output.ecr_repository == aws_ecr_repository.main.repository_url &&
      output.state_bucket == aws_s3_bucket.state.id &&
      output.plan_role == aws_iam_role.pipeline["plan"].arn &&
      output.publish_role == aws_iam_role.pipeline["publish"].arn &&
      output.deploy_roles["production"] == aws_iam_role.pipeline["production"].arn &&
      output.deploy_roles["staging"] == aws_iam_role.pipeline["staging"].arn
    )
    error_message = "The outputs are what the repository's settings want."
  }
}

run "any_repository" {
  command = plan

  variables {
    repository = "*/comments"
  }

  expect_failures = [var.repository]
}

run "any_name" {
  command = plan

  variables {
    repository = "octo-org/*"
    component  = "Comments"
    region     = "Paris"
  }

  expect_failures = [var.repository, var.component, var.region]
}

run "more_than_a_name" {
  command = plan

  variables {
    repository = "octo-org/comments:ref:refs/heads/main"
    component  = "c"
  }

  expect_failures = [var.repository, var.component]
}

run "no_owner" {
  command = plan

  variables {
    repository = "comments"
    component  = "abcdefghijklmnopqrstu"
  }

  expect_failures = [var.repository, var.component]
}
