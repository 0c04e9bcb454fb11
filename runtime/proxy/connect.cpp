// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

Refusal cannot_connect(const upstream::Pool& pool, const std::string& why) {
  return {503, "unavailable; endpoint=" + pool.address().to_string() + "; " + why,
          "The pod is listed as ready but does not take connections."};
}

}  // namespace

net::Task<std::unique_ptr<upstream::Connection>> connect(Session& session, upstream::Pool& pool,
                                                         Refusal& refusal) {
  Worker& worker = session.worker;
  worker.metrics.upstream_connects.add();
  const auto fd = net::Stream::begin_connect(pool.address());
  if (!fd) {
    worker.metrics.upstream_connect_failures.add();
    refusal = cannot_connect(pool, "connecting failed: " + fd.error().message);
    co_return nullptr;
  }
  auto up = std::make_unique<upstream::Connection>(worker.loop(), *fd, pool);
  session.upstream = &up->stream;
  session.enter(Session::Phase::connecting, session.connect_limit());
  const net::IoStatus status = co_await up->stream.writable();
  session.upstream = nullptr;
  const auto connected = up->stream.connected();  // asking clears the error: once
  if (status == net::IoStatus::ok && connected) co_return up;
  worker.metrics.upstream_connect_failures.add();
  refusal = cannot_connect(pool, session.timed_out ? "connecting timed out"
                                 : connected       ? "connecting was cut off"
                                             : "connecting failed: " + connected.error().message);
  co_return nullptr;
}

}  // namespace smic::proxy
