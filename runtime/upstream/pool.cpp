// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "runtime/upstream/upstream.h"

namespace smic::upstream {

Connection::Connection(net::Loop& loop, int fd, Pool& owner)
    : pool(owner),
      stream(loop, fd),
      idle_(
          loop.deadlines(),
          [](void* self) {
            auto& connection = *static_cast<Connection*>(self);
            connection.pool.drop(connection);
          },
          this) {
  stream.when_unawaited(
      [](void* self) {
        auto& connection = *static_cast<Connection*>(self);
        if (connection.in_pool_) connection.pool.drop(connection);
      },
      this);
}

Pool::~Pool() {
  while (top_ != nullptr) drop(*top_);
}

std::unique_ptr<Connection> Pool::take() {
  if (top_ == nullptr) return nullptr;
  Connection& connection = *top_;
  remove(connection);
  connection.idle_.clear();
  connection.reused = true;
  return std::unique_ptr<Connection>(&connection);
}

void Pool::put(std::unique_ptr<Connection> connection) {
  SMIC_CHECK(connection->in.empty(), "a connection is pooled with bytes left over");
  connection->in.release();
  if (!connection->stream.reading()) connection->stream.start_read({});
  if (connection->stream.read_completed()) return;  // closed meanwhile
  Connection& kept = *connection.release();
  kept.in_pool_ = true;
  kept.below_ = top_;
  kept.above_ = nullptr;
  (top_ != nullptr ? top_->above_ : bottom_) = &kept;
  top_ = &kept;
  kept.idle_.expire_in(idle_timeout_);
  if (++idle_ > kMaxIdlePerEndpoint) drop(*bottom_);
}

void Pool::remove(Connection& connection) {
  (connection.above_ != nullptr ? connection.above_->below_ : top_) = connection.below_;
  (connection.below_ != nullptr ? connection.below_->above_ : bottom_) = connection.above_;
  connection.in_pool_ = false;
  --idle_;
}

void Pool::drop(Connection& connection) {
  remove(connection);
  delete &connection;
}

Pool& Pools::of(const net::SocketAddress& address) {
  const auto found = pools_.find(address);
  if (found != pools_.end()) return found->second;
  return pools_.try_emplace(address, address, idle_timeout_).first->second;
}

void Pools::sweep() {
  std::erase_if(pools_, [](const auto& entry) { return entry.second.unused(); });
}

}  // namespace smic::upstream
