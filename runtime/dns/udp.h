// SPDX-License-Identifier: Apache-2.0
// UDP that answers from the address it was asked at: a host has many, and a client does not know an
// answer that comes from another one.
#pragma once

#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/net/net.h"

namespace smic::dns {

// A bound socket that tells at which address each datagram arrived.
Result<int> bind_udp(const net::SocketAddress& address);

// Who asked, and at which of our addresses: what an answer needs to find its way.
struct Asker {
  sockaddr_storage peer{};
  alignas(cmsghdr) std::array<char, 256> control{};
  std::size_t control_size = 0;
};

void send_answer(int socket, Asker asker, std::string_view answer);

// Answers what has come to such a socket, up to a number, so that others have their turn. An empty
// answer is not sent.
using AnswerDatagram = std::function<std::string(std::string_view query, const Asker& asker)>;
void answer_datagrams(int socket, const AnswerDatagram& answer);

}  // namespace smic::dns
