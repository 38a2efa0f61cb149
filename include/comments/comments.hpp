#pragma once
// comments.hpp - everything that needs nothing but the standard library.
//
// The adapters (store/sqlite.hpp, json/, auth/, http/) are included by name, because each brings
// the one library that it is for; so are the rules, because a program wants few of them.

#include <comments/characters.hpp>
#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/deployments/service.hpp>
#include <comments/event.hpp>
#include <comments/id.hpp>
#include <comments/metrics.hpp>
#include <comments/moderation.hpp>
#include <comments/principal.hpp>
#include <comments/renderer.hpp>
#include <comments/result.hpp>
#include <comments/service.hpp>
#include <comments/spoofing.hpp>
#include <comments/store.hpp>
#include <comments/store/forwarding.hpp>
#include <comments/store/memory.hpp>
#include <comments/text.hpp>
#include <comments/validation.hpp>
#include <comments/version.hpp>
