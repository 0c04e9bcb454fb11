// SPDX-License-Identifier: Apache-2.0
// An update as files, for the one node's proxies that follow a directory:
//   DIR/images/<64 hex digits of the digest>   the images, written before anything names them
//   DIR/manifest.json                          what to enforce, replaced in one step
#pragma once

#include <string>

#include "controller/controller.h"

namespace smic::controller {

// Every file appears whole or not at all. Images that the manifest no longer names stay for one
// more update, since a proxy may be reading the manifest before.
Result<void> publish(const Update& update, const std::string& directory);

}  // namespace smic::controller
