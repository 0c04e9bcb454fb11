// SPDX-License-Identifier: Apache-2.0
// The front door of controller/api: what the controller answers over HTTP. It has the one server
// that every part of the controller adds its routes to, and the answers that the Kubernetes API
// asks us for. It does not know where certificates come from (controller/keys), nor what proxies
// are told (controller/distribution).
#pragma once

#include "controller/api/message.h"
#include "controller/api/route.h"
#include "controller/api/server.h"
