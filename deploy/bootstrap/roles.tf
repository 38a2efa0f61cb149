# The pipeline has no keys. GitHub signs its identity for each run, and AWS accepts that for one hour,
# for exactly the runs that are named here.

locals {
  issuer       = "token.actions.githubusercontent.com"
  environments = toset(["staging", "production"])

  # Which runs may take on which role. Never a wildcard: "repo:OWNER/NAME:*" would let any branch in.
  subjects = {
    plan       = "repo:${var.repository}:pull_request"
    publish    = "repo:${var.repository}:ref:refs/heads/main"
    staging    = "repo:${var.repository}:environment:staging"
    production = "repo:${var.repository}:environment:production"
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "pipeline" {
  for_each = local.subjects

  name                 = "${var.component}-pipeline-${each.key}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = { StringEquals = {
        "${local.issuer}:aud" = "sts.amazonaws.com"
        "${local.issuer}:sub" = each.value
      } }
    }]
  })
}

# Looks at everything and changes nothing; it cannot read a secret's value.
resource "aws_iam_role_policy_attachment" "plan" {
  role       = aws_iam_role.pipeline["plan"].name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "publish" {
  name = "push-images"
  role = aws_iam_role.pipeline["publish"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LogIn"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid    = "Push"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
        Resource = aws_ecr_repository.main.arn
      },
    ]
  })
}

# A stack is made of fifteen services: the two that deploy may use all but IAM, and of IAM what
# follows.
resource "aws_iam_role_policy_attachment" "deploy" {
  for_each = local.environments

  role       = aws_iam_role.pipeline[each.key].name
  policy_arn = "arn:aws:iam::aws:policy/PowerUserAccess"
}

resource "aws_iam_role_policy" "deploy" {
  for_each = local.environments

  name = "deploy-${each.key}"
  role = aws_iam_role.pipeline[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "MakeRolesBelowTheBoundary"
        Effect    = "Allow"
        Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = local.stack_roles[each.key]
        Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.boundary.arn } }
      },
      {
        Sid    = "KeepRoles"
        Effect = "Allow"
        Action = [
          "iam:DeleteRole",
          "iam:DeleteRolePolicy",
          "iam:GetRole",
          "iam:GetRolePolicy",
          "iam:ListAttachedRolePolicies",
          "iam:ListInstanceProfilesForRole",
          "iam:ListRolePolicies",
          "iam:TagRole",
          "iam:UntagRole",
          "iam:UpdateAssumeRolePolicy",
          "iam:UpdateRole",
        ]
        Resource = local.stack_roles[each.key]
      },
      {
        Sid      = "HandRolesToTheirServices"
        Effect   = "Allow"
        Action   = "iam:PassRole"
        Resource = local.stack_roles[each.key]
        Condition = { StringEquals = { "iam:PassedToService" = [
          "ecs-tasks.amazonaws.com",
          "vpc-flow-logs.amazonaws.com",
        ] } }
      },
      {
        Sid      = "LetServicesWorkForTheFirstTime"
        Effect   = "Allow"
        Action   = "iam:CreateServiceLinkedRole"
        Resource = "arn:aws:iam::${local.account_id}:role/aws-service-role/*"
        Condition = { StringEquals = { "iam:AWSServiceName" = [
          "ecs.amazonaws.com",
          "ecs.application-autoscaling.amazonaws.com",
          "elasticloadbalancing.amazonaws.com",
          "rds.amazonaws.com",
          "wafv2.amazonaws.com",
        ] } }
      },
      {
        Sid    = "LeaveTheOthersStateAlone"
        Effect = "Deny"
        Action = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"]
        Resource = [
          for other in setsubtract(local.environments, [each.key]) :
          "${aws_s3_bucket.state.arn}/${other}.tfstate*"
        ]
      },
      {
        Sid    = "LeaveTheBucketAlone"
        Effect = "Deny"
        Action = [
          "s3:DeleteBucket",
          "s3:DeleteBucketPolicy",
          "s3:DeleteObjectVersion",
          "s3:PutBucketPolicy",
          "s3:PutBucketPublicAccessBlock",
          "s3:PutBucketVersioning",
          "s3:PutEncryptionConfiguration",
          "s3:PutLifecycleConfiguration",
        ]
        Resource = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
      },
      {
        Sid    = "LeavePushingToPublish"
        Effect = "Deny"
        Action = [
          "ecr:BatchDeleteImage",
          "ecr:DeleteRepository",
          "ecr:PutImage",
          "ecr:PutImageTagMutability",
          "ecr:SetRepositoryPolicy",
        ]
        Resource = aws_ecr_repository.main.arn
      },
    ]
  })
}

locals {
  stack_roles = {
    for environment in local.environments :
    environment => "arn:aws:iam::${local.account_id}:role/${var.component}-${environment}-*"
  }
}

# The most that a role of a stack can ever do, whatever its policies say.
resource "aws_iam_policy" "boundary" {
  name        = "${var.component}-boundary"
  description = "The most that roles made by the pipeline can do"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LogIn"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid    = "PullImages"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
        ]
        Resource = aws_ecr_repository.main.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:${var.region}:${local.account_id}:log-group:*"
      },
      {
        Sid    = "ReadSecrets"
        Effect = "Allow"
        Action = "secretsmanager:GetSecretValue"
        Resource = [
          for name in ["${var.component}-*", "rds!cluster-*"] :
          "arn:aws:secretsmanager:${var.region}:${local.account_id}:secret:${name}"
        ]
      },
      {
        Sid      = "DecryptSecrets"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = "arn:aws:kms:${var.region}:${local.account_id}:key/*"
        Condition = { StringEquals = {
          "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com"
        } }
      },
    ]
  })
}
