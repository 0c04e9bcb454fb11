// SPDX-License-Identifier: Apache-2.0
// Tested by server_test.cpp.
#include "runtime/dns/read_framed.h"

#include <array>

namespace smic::dns {
namespace {

net::Task<bool> fill(net::Stream& stream, std::span<char> room) {
  while (!room.empty()) {
    const net::IoResult read = co_await stream.read(room);
    if (read.status != net::IoStatus::ok) co_return false;
    room = room.subspan(read.size);
  }
  co_return true;
}

}  // namespace

net::Task<bool> read_framed(net::Stream& stream, std::string& message) {
  std::array<char, 2> length;
  if (!co_await fill(stream, length)) co_return false;
  message.resize(static_cast<std::size_t>(static_cast<unsigned char>(length[0])) << 8 |
                 static_cast<unsigned char>(length[1]));
  co_return co_await fill(stream, message);
}

net::Task<bool> write_framed(net::Stream& stream, std::string_view message) {
  const std::array<char, 2> length{static_cast<char>(message.size() >> 8),
                                   static_cast<char>(message.size())};
  std::array<iovec, 2> pieces{net::piece({length.data(), length.size()}), net::piece(message)};
  co_return co_await stream.write(pieces) == net::IoStatus::ok;
}

}  // namespace smic::dns
