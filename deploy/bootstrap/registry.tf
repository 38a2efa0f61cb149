resource "aws_ecr_repository" "main" {
  name                 = var.component
  image_tag_mutability = "IMMUTABLE"
  force_delete         = false

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
  }
}

# A release is an index, an image for each processor, and their attestations: about eight entries. So
# this keeps some fifty releases to go back to.
resource "aws_ecr_lifecycle_policy" "main" {
  repository = aws_ecr_repository.main.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the newest 400"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 400 }
      action       = { type = "expire" }
    }]
  })
}
