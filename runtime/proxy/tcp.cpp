// SPDX-License-Identifier: Apache-2.0
// Connections of TCP units: decided once, at accept, as a request without method, path and headers;
// then a tunnel. What is denied, or has nowhere to go, is closed. Nothing has been sent while an
// endpoint is being connected to, so one that does not answer costs the client nothing but time:
// the connection is decided anew, which picks the next.
#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

// Null: why not is in `refusal`.
net::Task<std::unique_ptr<upstream::Connection>> connect_somewhere(
    Session& session, std::optional<Refusal>& refusal) {
  const RequestHead nothing;
  for (int attempt = 0; attempt < kMaxAttempts && !session.stream.aborted(); ++attempt) {
    Choice choice;
    refusal = decide(session, nothing, choice);
    session.worker.quiet();
    if (refusal) co_return nullptr;
    if (attempt > 0) session.worker.metrics.upstream_retries.add();
    refusal.emplace();
    session.timed_out = false;
    const upstream::InUse in_use(*choice.pool);
    auto up = co_await connect(session, *choice.pool, *refusal);
    if (up) co_return up;
  }
  co_return nullptr;
}

}  // namespace

net::Task<> serve_tcp(Worker& worker, int fd, ListenerKey listener, net::SocketAddress peer) {
  Session session(worker, fd, listener, peer);
  session.account.began = std::chrono::steady_clock::now();
  session.account.protocol = "tcp";
  std::optional<Refusal> refusal;
  const auto up = co_await connect_somewhere(session, refusal);
  if (up) {
    const upstream::InUse in_use(up->pool);
    worker.metrics.tcp_connections.add();
    session.upstream = &up->stream;
    session.account.status = 200;
    co_await tunnel(session, *up);
    session.upstream = nullptr;
  } else if (refusal) {
    worker.metrics.connections_refused.add();
    session.account.status = refusal->status;
    session.account.reason = refusal->reason;
  }
  settle(session);
}

}  // namespace smic::proxy
