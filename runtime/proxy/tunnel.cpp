// SPDX-License-Identifier: Apache-2.0
// Bytes both ways, as they come: after 101 Switching Protocols, and for TCP units. Each direction
// ends for itself (half-close); the connections are closed when both have ended or one has failed,
// or when a new policy no longer allows them (Worker::adopt_view). Who was talking to a connection
// that failed gets a reset and not an end: half a transfer must not look like a whole one.
//
// A direction in which nothing comes holds no buffer, so that an idle tunnel costs its two sockets.
#include <array>

#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

struct Direction {
  net::Stream& from;
  net::Buffer& in;
  net::Stream& to;
  std::uint64_t& counted;
};

void start_read(Direction& way) {
  if (!way.from.reading()) way.from.start_read(way.in.room());
  if (way.from.read_completed()) return;
  way.from.only_wait();
  way.in.release();
}

net::Task<> relay(Session& session, Direction way) {
  for (;;) {
    if (!way.in.empty()) {
      std::array<iovec, 1> bytes{net::piece(way.in.bytes())};
      const net::IoStatus written = co_await way.to.write(bytes);
      if (written == net::IoStatus::failed) way.from.reset_when_closed();
      if (written != net::IoStatus::ok) break;
      way.counted += way.in.size();
      way.in.consume(way.in.size());
      session.touch();
    }
    start_read(way);
    const net::IoResult got = co_await way.from.read_result();
    if (got.status == net::IoStatus::end) {
      way.to.finish_writing();
      co_return;
    }
    if (got.status == net::IoStatus::failed) way.to.reset_when_closed();
    if (got.status != net::IoStatus::ok) break;
    way.in.commit(got.size);
  }
  way.from.abort();
  way.to.abort();
}

}  // namespace

net::Task<> tunnel(Session& session, upstream::Connection& up) {
  session.phase = Session::Phase::streaming;
  session.tunnel_to = &up.pool;
  session.touch();
  session.worker.metrics.tunnels_open.add();
  net::Joined outward(
      relay(session, {session.stream, session.in, up.stream, session.account.received}));
  co_await relay(session, {up.stream, up.in, session.stream, session.account.sent});
  co_await outward.join();
  session.tunnel_to = nullptr;
  session.worker.metrics.tunnels_open.subtract();
  if (session.timed_out) session.account.reason = idle_timeout(session);
}

}  // namespace smic::proxy
