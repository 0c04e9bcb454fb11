// SPDX-License-Identifier: Apache-2.0
// Asks a proxy on this machine how it is, by its Options::admin_socket. While one proxy hands over
// to the next they share the node's ports, and a question by port may be answered by either; the
// socket's file is of one process.
#pragma once

#include <string>

#include "base/result.h"

namespace smic::proxy {

// "/readyz" or "/healthz". An error is a proxy that is not, or one that is not there.
Result<void> probe(const std::string& socket_file, const std::string& path);

}  // namespace smic::proxy
