variable "component" {
  description = "What is deployed; every resource's name begins with it."
  type        = string
  default     = "comments"
  nullable    = false

  validation {
    condition = (
      can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.component)) &&
      length(var.component) >= 2 && length(var.component) <= 20 &&
      !startswith(var.component, "internal") && !startswith(var.component, "aws")
    )
    error_message = "component: 2 to 20 lower-case letters, digits and single hyphens, a letter first; not internal… or aws…, which AWS keeps for itself."
  }
}

variable "environment" {
  description = "Where it is deployed, by the name that the repository's settings give it."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment: staging or production."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-west-3"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[1-9]$", var.region))
    error_message = "region: a name like eu-west-3."
  }
}

variable "architecture" {
  description = "Processor of the tasks; images exist for both."
  type        = string
  default     = "ARM64"
  nullable    = false

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "architecture: ARM64 or X86_64."
  }
}

variable "release" {
  description = "What is being deployed, and by whom; the pipeline says so."
  type = object({
    image       = string
    version     = string
    responsible = string
  })
  nullable = false

  validation {
    condition = can(regex(
      "^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$",
      var.release.image
    ))
    error_message = "release.image: an image of ECR by its digest, ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:<64 hexadecimal digits>; a tag can move."
  }
  validation {
    condition = can(regex(
      "^(0|[1-9][0-9]*)(\\.(0|[1-9][0-9]*)){2}(\\+[0-9a-f]{7,40})?$", var.release.version
    ))
    error_message = "release.version: MAJOR.MINOR.PATCH, perhaps with +COMMIT."
  }
  validation {
    condition = (
      length(trimspace(coalesce(var.release.responsible, " "))) > 0 &&
      length(coalesce(var.release.responsible, " ")) <= 100
    )
    error_message = "release.responsible: who deploys, in 1 to 100 characters."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network."
  type        = string
  default     = "10.40.0.0/16"
  nullable    = false

  validation {
    condition = (
      can(regex("/(1[6-9]|20)$", var.vpc_cidr)) &&
      try(cidrsubnet(var.vpc_cidr, 0, 0) == var.vpc_cidr, false) &&
      can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", var.vpc_cidr))
    )
    error_message = "vpc_cidr: private IPv4 addresses, from /16 to /20, by their first one."
  }
  validation {
    condition     = !startswith(var.vpc_cidr, "172.17.")
    error_message = "vpc_cidr: 172.17.0.0/16 is Docker's own."
  }
}

variable "az_count" {
  description = "Availability zones to spread over."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([2, 3], var.az_count)
    error_message = "az_count: 2 or 3; a load balancer takes no fewer."
  }
}

variable "domain" {
  description = "Public name and its hosted zone; without, plain HTTP on the load balancer's own name."
  type = object({
    name    = string
    zone_id = string
  })
  default = null

  validation {
    condition     = var.domain != null || var.environment != "production"
    error_message = "domain: production is served over HTTPS, which takes one."
  }
  validation {
    condition = var.domain == null || try(
      can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain.name)) &&
      length(var.domain.name) <= 64 && can(regex("^Z[A-Z0-9]{1,31}$", var.domain.zone_id)), false
    )
    error_message = "domain: a name like comments.example.com, 64 characters at most, and the id of its zone, which begins with Z."
  }
}

variable "task" {
  description = "Size of one task, and the port that it listens on."
  type = object({
    cpu    = optional(number, 256)
    memory = optional(number, 512)
    port   = optional(number, 8000)
  })
  default  = {}
  nullable = false

  validation {
    condition = contains(lookup({
      "256"  = [512, 1024, 2048]
      "512"  = range(1024, 4097, 1024)
      "1024" = range(2048, 8193, 1024)
      "2048" = range(4096, 16385, 1024)
      "4096" = range(8192, 30721, 1024)
    }, tostring(var.task.cpu), []), var.task.memory)
    error_message = "task: cpu and memory are a pair that Fargate offers, such as 256 and 512."
  }
  validation {
    condition = (
      var.task.port >= 1024 && var.task.port <= 65535 && floor(var.task.port) == var.task.port
    )
    error_message = "task.port: 1024 to 65535; lower ones take rights that the task has not."
  }
}

variable "scale" {
  description = "How many tasks, and what they are to be kept at."
  type = object({
    min                 = optional(number, 3)
    max                 = optional(number, 6)
    cpu_percent         = optional(number, 60)
    requests_per_target = optional(number, 2000)
  })
  default  = {}
  nullable = false

  validation {
    condition = (
      var.scale.min >= 1 && var.scale.min <= var.scale.max && var.scale.max <= 100 &&
      floor(var.scale.min) == var.scale.min && floor(var.scale.max) == var.scale.max
    )
    error_message = "scale: whole numbers, 1 <= min <= max <= 100."
  }
  validation {
    condition     = var.scale.min >= 2 || var.environment != "production"
    error_message = "scale.min: production runs two tasks at least, so that one may die."
  }
  validation {
    condition     = var.scale.cpu_percent >= 10 && var.scale.cpu_percent <= 90
    error_message = "scale.cpu_percent: 10 to 90."
  }
  validation {
    condition     = var.scale.requests_per_target >= 1
    error_message = "scale.requests_per_target: requests of a task in a minute, 1 or more."
  }
}

variable "database" {
  description = "Size of the Aurora cluster; a minimum of 0 ACU lets it pause when nothing is connected."
  type = object({
    min_acu        = optional(number, 0.5)
    max_acu        = optional(number, 4)
    instances      = optional(number, 2)
    backup_days    = optional(number, 14)
    engine_version = optional(string, "17.5")
  })
  default  = {}
  nullable = false

  validation {
    condition = (
      var.database.min_acu >= 0 && var.database.max_acu >= max(1, var.database.min_acu) &&
      var.database.max_acu <= 256 && alltrue([
        for acu in [var.database.min_acu, var.database.max_acu] : floor(acu * 2) == acu * 2
      ])
    )
    error_message = "database: min_acu from 0 and max_acu from max(1, min_acu) to 256, in steps of 0.5."
  }
  validation {
    condition = (
      floor(var.database.instances) == var.database.instances && var.database.instances <= 15 &&
      var.database.instances >= (var.environment == "production" ? 2 : 1)
    )
    error_message = "database.instances: 1 to 15; production has two at least, so that one may die."
  }
  validation {
    condition = (
      floor(var.database.backup_days) == var.database.backup_days && var.database.backup_days <= 35
      && var.database.backup_days >= (var.environment == "production" ? 7 : 1)
    )
    error_message = "database.backup_days: 1 to 35; production keeps a week at least."
  }
  validation {
    condition     = can(regex("^1[5-9]\\.[0-9]{1,2}$", var.database.engine_version))
    error_message = "database.engine_version: Aurora PostgreSQL's, such as 17.5; 15 or newer."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition = contains(
      [30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days
    )
    error_message = "log_retention_days: one of those that CloudWatch Logs takes, such as 30, 90 or 365."
  }
  validation {
    condition     = var.log_retention_days >= 365 || var.environment != "production"
    error_message = "log_retention_days: production's logs are kept a year at least."
  }
}

variable "alarm_email" {
  description = "The address that gets alarms by mail; without it, no mail is sent."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email != null || var.environment != "production"
    error_message = "alarm_email: production needs an address that gets its alarms."
  }
  validation {
    condition = var.alarm_email == null || can(regex(
      "^[^@\\s]{1,64}@([a-zA-Z0-9-]+\\.)+[a-zA-Z]{2,63}$", var.alarm_email
    ))
    error_message = "alarm_email: an address like alarms@example.com."
  }
}

variable "write_rate_limit" {
  description = "Requests that write, of one address in five minutes; the firewall answers 429 to more."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition = (
      var.write_rate_limit >= 10 && var.write_rate_limit <= 100000 &&
      floor(var.write_rate_limit) == var.write_rate_limit
    )
    error_message = "write_rate_limit: 10, which is the firewall's least, to 100000."
  }
}
