// SPDX-License-Identifier: Apache-2.0
// What proxies ask, over HTTPS with a bearer token; docs/distribution.md shows it with curl.
//   GET  /v1/watch?node=N[&epoch=E&from=V&mesh=HEX&local=HEX][&refused=E.V][&targets=T,T]
//   GET  /v1/images/DIGEST
//   POST /v1/ack
//   GET  /v1/status
// `targets`, what the proxy's CPU runs, is not looked at yet: images are of one target, and a proxy
// on another CPU interprets their tables.
#pragma once

#include <memory>
#include <vector>

#include "controller/api/route.h"
#include "controller/distribution/gate.h"
#include "controller/distribution/hub.h"

namespace smic::distribution {

std::vector<api::Route> routes(std::shared_ptr<Hub> hub, std::shared_ptr<Gate> gate);

// {"node":…,"epoch":…,"version":…[,"refused":…]}
Result<Acknowledged> read_acknowledgement(std::string_view json);
// Of the query of a watch; an error says which parameter is wrong.
Result<From> read_from(const api::Request& request);

}  // namespace smic::distribution
