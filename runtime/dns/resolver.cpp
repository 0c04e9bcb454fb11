// SPDX-License-Identifier: Apache-2.0
// Tested by server_test.cpp and by tests/system/cluster_dns_test.py with CoreDNS.
#include "runtime/dns/resolver.h"

#include "runtime/dns/read_framed.h"

namespace smic::dns {

net::Task<Resolved> Resolver::resolve(Outside wanted) {
  const std::string key = std::string(wanted.name.wire()) + static_cast<char>(wanted.type);
  const auto now = Clock::now();
  if (const auto kept = kept_.find(key); kept != kept_.end() && now < kept->second.until) {
    co_return kept->second.resolved;
  }
  for (const net::SocketAddress& server : servers_) {
    if (aborted_) break;
    auto resolved = co_await ask(server, wanted);
    if (!resolved || !resolved->known) continue;
    if (kept_.size() >= kMaxKept) kept_.clear();
    kept_[key] = {*resolved, now + kKeptFor};
    co_return std::move(*resolved);
  }
  co_return Resolved{};
}

void Resolver::abort() {
  aborted_ = true;
  for (net::Stream* stream : streams_) stream->abort();
}

net::Task<std::optional<Resolved>> Resolver::ask(net::SocketAddress server, Outside wanted) {
  const auto fd = net::Stream::begin_connect(server);
  if (!fd) co_return std::nullopt;
  net::Stream stream(loop_, *fd);
  net::Deadline deadline(
      loop_.deadlines(), [](void* late) { static_cast<net::Stream*>(late)->abort(); }, &stream);
  deadline.expire_in(kResolverPatience);
  const auto place = streams_.insert(streams_.end(), &stream);
  auto resolved = co_await converse(stream, std::move(wanted));
  streams_.erase(place);
  co_return resolved;
}

net::Task<std::optional<Resolved>> Resolver::converse(net::Stream& stream, Outside wanted) {
  if (co_await stream.writable() != net::IoStatus::ok || !stream.connected()) {
    co_return std::nullopt;
  }
  const auto id = static_cast<std::uint16_t>(ids_());
  const std::string query = outside_query(wanted, id);
  if (!co_await write_framed(stream, query)) co_return std::nullopt;
  std::string reply;
  if (!co_await read_framed(stream, reply)) co_return std::nullopt;
  co_return read_outside_reply(reply, wanted, id);
}

}  // namespace smic::dns
