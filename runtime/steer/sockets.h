// SPDX-License-Identifier: Apache-2.0
// The sockets that steered traffic arrives at, and those that answers to datagrams leave by.
//
// What they are bound to does not matter to whoever is steered to them, so it is a free port of
// loopback: the smallest door for those who are not. A connection that is steered has the address
// that was dialled; a datagram brings it along (IP_RECVORIGDSTADDR).
//
// Answers need the dialled address and port as their source: one socket per unit for that, bound to
// it and connected to itself, so that it takes nothing from anybody. The kernel's recipe of one
// connected socket per flow would do too, but all flows of a unit are then one chain in its hash
// table: sixteen thousand flows to one DNS service, and every datagram walks through them.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "runtime/net/net.h"
#include "runtime/steer/descriptor.h"

namespace smic::steer {

inline constexpr std::size_t kKinds = 4;

// 0: TCP over IPv4, 1: TCP over IPv6, 2 and 3: UDP.
std::size_t kind_of(IpFamily family, net::Listeners::Kind kind);
IpFamily family_of_kind(std::size_t kind);
net::Listeners::Kind transport_of_kind(std::size_t kind);

// Of each kind `count` sockets that share an address. A family that this node lacks has none.
using SocketsByKind = std::array<std::vector<Descriptor>, kKinds>;
Result<SocketsByKind> open_sockets(std::size_t count);

Result<Descriptor> open_answers(const net::SocketAddress& from);

}  // namespace smic::steer
