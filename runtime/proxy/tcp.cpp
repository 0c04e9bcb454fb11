// SPDX-License-Identifier: Apache-2.0
// Connections of TCP units: decided once, at accept, as a request without method, path and headers;
// then a tunnel. What is denied, or has nowhere to go, is closed.
#include "runtime/proxy/session.h"

namespace smic::proxy {

net::Task<> serve_tcp(Worker& worker, int fd, ListenerKey listener, net::SocketAddress peer) {
  Session session(worker, fd, listener, peer);
  session.account.began = std::chrono::steady_clock::now();
  session.account.protocol = "tcp";
  const RequestHead nothing;
  Choice choice;
  std::optional<Refusal> refusal = decide(session, nothing, choice);
  worker.quiet();
  if (!refusal) {
    const upstream::InUse in_use(*choice.pool);
    Refusal why;
    const auto up = co_await connect(session, *choice.pool, why);
    if (up) {
      worker.metrics.tcp_connections.add();
      session.upstream = &up->stream;
      session.account.status = 200;
      co_await tunnel(session, *up);
      session.upstream = nullptr;
    } else {
      refusal = std::move(why);
    }
  }
  if (refusal) {
    worker.metrics.connections_refused.add();
    session.account.status = refusal->status;
    session.account.reason = refusal->reason;
  }
  settle(session);
}

}  // namespace smic::proxy
