// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/worker.h"

#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <random>

#include "base/check.h"
#include "runtime/proxy/udp.h"

namespace smic::proxy {
namespace {

// While draining, a connection this long without a request is taken to be unused. One that is in
// use gets `Connection: close` with its next response instead, so that no request runs into a
// close.
constexpr std::chrono::milliseconds kUnused{1'000};

// While draining, for connections that were steered here and are not complete yet.
constexpr std::chrono::milliseconds kHandshakes{200};

constexpr std::uint64_t kSweepTicks = 20;

observe::AccessFormat format_of(AccessLog log) {
  switch (log) {
    case AccessLog::off:
      return observe::AccessFormat::off;
    case AccessLog::text:
      return observe::AccessFormat::text;
    case AccessLog::json:
      return observe::AccessFormat::json;
  }
  return observe::AccessFormat::off;
}

}  // namespace

Worker::Worker(Shared& shared, std::size_t index)
    : access_log(format_of(shared.options.access_log), STDOUT_FILENO),
      shared_(shared),
      index_(index),
      pools_(shared.options.pool_idle_timeout),
      listeners_(
          loop_,
          [this](std::uint32_t listener, int fd, const net::SocketAddress& peer) {
            accepted({listener, generations_[listener]}, fd, peer);
          },
          [this](std::uint32_t listener, int socket) { arrived(listener, socket); }),
      steered_sockets_(
          loop_,
          [this](std::uint32_t, int fd, const net::SocketAddress& peer) {
            accepted_steered(fd, peer);
          },
          [this](std::uint32_t, int socket) { flows_->arrived_steered(socket); }),
      random_state_(std::random_device{}() | std::uint64_t{1} << 63),
      flows_(std::make_unique<Flows>(*this)) {
  loop_.on_tick([this] { on_tick(); });
  thread_ = std::thread([this] { loop_.run(); });
}

Worker::~Worker() {
  loop_.post([this] {
    start_draining([this] { loop_.stop(); });
    abort_sessions();
  });
  thread_.join();
}

const View& Worker::view() {
  shared_.cell.read(index_);
  const View* view = shared_.view.load(std::memory_order_acquire);
  SMIC_CHECK(view != nullptr, "a connection before the first snapshot");
  if (view->serial != view_serial_) {
    view_serial_ = view->serial;
    series_cache.clear();
    edge_cache.clear();
    pool_cache_.fill({});
    if (loop_.deadlines().now() - swept_at_ >= kSweepTicks) {
      swept_at_ = loop_.deadlines().now();
      pools_.sweep();
    }
  }
  return *view;
}

void Worker::adopt_view() {
  view();
  if (metrics.tunnels_open.value() > 0) close_forbidden_tunnels();
  flows_->adopt_view();
  quiet();
}

void Worker::close_forbidden_tunnels() {
  for (Session* session = sessions_; session != nullptr; session = session->next_) {
    if (session->tunnel_to == nullptr || tunnel_still_allowed(*session)) continue;
    session->account.reason = "cut off: the policy no longer allows it";
    session->abort();
  }
}

void Worker::add_listener(ListenerKey key, int fd, net::Listeners::Kind kind) {
  if (draining_) {
    ::close(fd);
    return;
  }
  know_number(key);
  listeners_.add(key.number, fd, kind);
}

void Worker::know_number(ListenerKey key) {
  if (generations_.size() <= key.number) {
    generations_.resize(key.number + 1);
    unit_states_.resize(key.number + 1);
    answers_.resize(key.number + 1, -1);
  }
  generations_[key.number] = key.generation;
  answers_[key.number] = -1;
}

void Worker::add_steered_sockets(const std::array<int, steer::kKinds>& sockets) {
  for (std::uint32_t kind = 0; kind < sockets.size(); ++kind) {
    if (sockets[kind] < 0) continue;
    steered_sockets_.add(kind, sockets[kind], steer::transport_of_kind(kind));
  }
}

void Worker::add_steered(ListenerKey key, const ListenAddress& where, int answers) {
  know_number(key);
  answers_[key.number] = answers;
  steered_[where] = key;
}

void Worker::remove_steered(ListenerKey key, const ListenAddress& where) {
  answers_[key.number] = -1;
  if (const auto found = steered_.find(where); found != steered_.end() && found->second == key) {
    steered_.erase(found);
  }
}

std::optional<ListenerKey> Worker::steered_to(const ListenAddress& where) const {
  const auto found = steered_.find(where);
  if (found == steered_.end()) return std::nullopt;
  return found->second;
}

int Worker::socket_of(ListenerKey key) const {
  const int answers = answers_[key.number];
  return answers >= 0 ? answers : listeners_.socket_of(key.number);
}

void Worker::close_listener(ListenerKey key) { listeners_.close(key.number); }

UnitState& Worker::unit_state(ListenerKey key) {
  UnitState& state = unit_states_[key.number];
  if (state.generation != key.generation) {
    state = {};
    state.generation = key.generation;
  }
  return state;
}

upstream::Pool& Worker::pool_of(const program::Endpoint& endpoint) {
  const auto place = reinterpret_cast<std::uintptr_t>(&endpoint) / sizeof endpoint;
  CachedPool& cached = pool_cache_[place % pool_cache_.size()];
  if (cached.endpoint != &endpoint) {
    const auto address = net::SocketAddress::parse(endpoint.address(), endpoint.port());
    SMIC_CHECK(address.has_value(), "a snapshot with an endpoint that is not an address");
    cached = {&endpoint, &pools_.of(*address)};
  }
  return *cached.pool;
}

std::uint64_t Worker::random() {  // xorshift64*
  random_state_ ^= random_state_ >> 12;
  random_state_ ^= random_state_ << 25;
  random_state_ ^= random_state_ >> 27;
  return (random_state_ * 0x2545f4914f6cdd1du) >> 32;
}

std::uint32_t Worker::source_number(const std::string& identity) {
  return sources_.try_emplace(identity, static_cast<std::uint32_t>(sources_.size())).first->second;
}

std::string_view Worker::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[40];
    const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    date_.assign(text, size);
    date_second_ = now;
  }
  return date_;
}

void Worker::enter(Session& session) {
  metrics.connections_accepted.add();
  metrics.connections_open.add();
  session.idle_since_ = loop_.deadlines().now();
  session.next_ = sessions_;
  if (sessions_ != nullptr) sessions_->previous_ = &session;
  sessions_ = &session;
}

void Worker::leave(Session& session) {
  metrics.connections_open.subtract();
  (session.previous_ != nullptr ? session.previous_->next_ : sessions_) = session.next_;
  if (session.next_ != nullptr) session.next_->previous_ = session.previous_;
  tell_if_drained();
}

void Worker::tell_if_drained() {
  if (draining_ && handshakes_over_ && sessions_ == nullptr && flows_->none()) drained_();
}

void Worker::start_draining(std::function<void()> drained) {
  drained_ = std::move(drained);
  draining_ = true;
  draining_since_ = loop_.deadlines().now();
  handshakes_over_ = steered_sockets_.size() == 0;
  listeners_.retire_all();
  close_idle_sessions();
  tell_if_drained();
}

void Worker::abort_sessions() {
  for (Session* session = sessions_; session != nullptr; session = session->next_) {
    session->abort();
  }
  flows_->end_all();
  handshakes_over_ = true;
  tell_if_drained();
}

// It has the address that was dialled. One of no unit came in the moment when its unit went, or to
// the socket's own address.
void Worker::accepted_steered(int fd, const net::SocketAddress& peer) {
  const auto key =
      steered_to({net::SocketAddress::local_of(fd), net::Listeners::Kind::connections});
  if (key) return accepted(*key, fd, peer);
  const struct linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(fd);
}

void Worker::accepted(ListenerKey key, int fd, const net::SocketAddress& peer) {
  const program::Unit* unit = view().unit_of(key);
  const bool tcp = unit != nullptr && unit->manifest.protocol == contract::Protocol::tcp;
  quiet();
  net::spawn(tcp ? serve_tcp(*this, fd, key, peer) : serve(*this, fd, key, peer));
}

void Worker::arrived(std::uint32_t number, int socket) {
  flows_->arrived({number, generations_[number]}, socket);
}

void Worker::on_tick() {
  access_log.flush();
  flows_->end_unused(draining_ ? kUnused : options().udp_idle_timeout);
  if (!draining_) return;
  if (!handshakes_over_ && loop_.deadlines().now() - draining_since_ >= kHandshakes / net::kTick) {
    handshakes_over_ = true;
    steered_sockets_.retire_all();
  }
  close_idle_sessions();
  tell_if_drained();
}

void Worker::close_idle_sessions() {
  const std::uint64_t now = loop_.deadlines().now();
  for (Session* session = sessions_; session != nullptr; session = session->next_) {
    if (session->idle() && now - session->idle_since_ >= kUnused / net::kTick) session->abort();
  }
}

}  // namespace smic::proxy
