variable "repository" {
  description = "The one repository that may deploy, as OWNER/NAME on GitHub."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$", var.repository))
    error_message = "repository: OWNER/NAME, without wildcards."
  }
}

variable "component" {
  description = "As in the stack itself."
  type        = string
  default     = "comments"
  nullable    = false

  validation {
    condition = (
      can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.component)) &&
      length(var.component) >= 2 && length(var.component) <= 20
    )
    error_message = "component: 2 to 20 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "region" {
  description = "AWS region, as in the stack itself."
  type        = string
  default     = "eu-west-3"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[1-9]$", var.region))
    error_message = "region: a name like eu-west-3."
  }
}
