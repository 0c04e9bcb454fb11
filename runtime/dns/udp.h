// SPDX-License-Identifier: Apache-2.0
// UDP that answers from the address it was asked at: a host has many, and a client does not know an
// answer that comes from another one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/net/net.h"

namespace smic::dns {

// A bound socket that tells at which address each datagram arrived.
Result<int> bind_udp(const net::SocketAddress& address);

// Answers what has come to such a socket, up to a number, so that others have their turn. An empty
// answer is not sent.
void answer_datagrams(int socket, const std::function<std::string(std::string_view)>& answer);

}  // namespace smic::dns
