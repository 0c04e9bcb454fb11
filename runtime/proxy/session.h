// SPDX-License-Identifier: Apache-2.0
// One client connection, from accept to close. It belongs to the listener it came by, and for every
// request looks up again what unit that is and who the peer is, so that a policy change holds from
// the next request on, also between pipelined ones.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "runtime/proxy/worker.h"

namespace smic::proxy {

// Why a request is not forwarded.
struct Refusal {
  int status = 0;
  std::string reason;  // one line; goes into the smic-reason header, the body and the access log
  std::string advice;  // what to do about it; into the body
  unsigned retry_after = 0;  // seconds, for a Retry-After header; 0 = none
};

// Where a request goes.
struct Choice {
  upstream::Pool* pool = nullptr;
  const upstream::Pool* avoid = nullptr;  // given to decide(): it has just failed
  bool unit_is_gone = false;              // the connection has outlived its service
};

// What is known of the request under way, for counting and logging at its end.
struct Account {
  std::chrono::steady_clock::time_point began;
  observe::RequestSeries* series = nullptr;
  std::shared_ptr<observe::EdgeSeries> edge;  // of a request that is sent on
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  int status = 0;
  std::string_view protocol = "http";
  // Filled only when there is an access log, or the proxy answers itself.
  std::string method, path, unit, route, backend, endpoint, reason;
  // The policy that was in force when it was decided, and what that has to do with it.
  std::shared_ptr<const policy::UnitPolicy> policy;  // null: none
  policy::Passage passage;                           // through the circuit breaker
  policy::Time answer_by = policy::Time::max();      // by the request timeout
  std::string policies;                              // those that acted, for the log
};

// Who asks, by which listener: all that a decision knows of a connection, or of a flow of
// datagrams.
struct Caller {
  Caller(Worker& owner, ListenerKey by, const net::SocketAddress& from)
      : worker(owner), listener(by), peer(from), peer_ip(from.ip()) {}

  Worker& worker;
  const ListenerKey listener;
  const net::SocketAddress peer;
  const std::string peer_ip;

  // Who the peer is, according to the view with this serial.
  std::uint64_t identity_serial = 0;
  std::string identity;
  const contract::PodIdentity* pod = nullptr;  // good as long as that view
  std::uint32_t source_class = 0;
  std::uint32_t source_number = 0;

  Account account;
};

// Those facts of a request head that are needed after its bytes are gone.
struct RequestFacts {
  std::size_t head_size = 0;
  Framing framing;
  int minor = 1;
  bool keep_alive = true;
  bool to_head = false;
  bool idempotent = true;
  bool expects_continue = false;
  bool wants_upgrade = false;
};

class Session : public Caller {
 public:
  Session(Worker& owner, int fd, ListenerKey by, const net::SocketAddress& from);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ends whatever it is doing, soon.
  void abort();
  // Waiting for a request of which nothing has come.
  bool idle() const { return phase == Phase::idle; }

  enum class Phase : std::uint8_t { idle, reading_head, connecting, awaiting_response, streaming };
  void enter(Phase next, std::chrono::milliseconds limit) {
    phase = next;
    if (next == Phase::idle) idle_since_ = worker.loop().deadlines().now();
    deadline.expire_in(limit);
  }
  // Bytes have moved.
  void touch() {
    deadline.expire_in(phase == Phase::awaiting_response ? answer_limit() : idle_limit());
  }

  // How long to wait, with what the unit's policy says about it (policy.cpp).
  std::chrono::milliseconds connect_limit() const;
  std::chrono::milliseconds answer_limit() const;
  std::chrono::milliseconds idle_limit() const;
  bool request_timed_out() const;

  net::Buffer in;
  net::Stream stream;
  net::Deadline deadline;

  Phase phase = Phase::idle;
  bool timed_out = false;
  bool closing = false;             // aborted by the worker
  bool unread = false;              // the client may still be sending what nobody wants
  net::Stream* upstream = nullptr;  // while a request is under way
  // While a tunnel is open: where to, and the request that opened it (empty for TCP units).
  const upstream::Pool* tunnel_to = nullptr;
  std::string tunnel_head;

 private:
  friend class Worker;
  Session* next_ = nullptr;
  Session* previous_ = nullptr;
  std::uint64_t idle_since_ = 0;  // tick
};

// ---- the steps of a request, a file each --------------------------------------------------------

// session.cpp: reads requests and serves them until the connection ends.
net::Task<> serve(Worker& worker, int fd, ListenerKey listener, net::SocketAddress peer);

// decide.cpp: asks the unit's program; picks a backend and an endpoint; checks access to it.
std::optional<Refusal> decide(Caller& caller, const RequestHead& head, Choice& choice);

// decide.cpp: whether the policy in force would still let this tunnel be opened.
bool tunnel_still_allowed(Session& session);

// decide.cpp: what the policy in force makes of somebody who was sent to `where` before.
enum class Standing : std::uint8_t { allowed, forbidden, endpoint_gone, unit_gone };
Standing standing_of(Caller& caller, const RequestHead& head, const upstream::Pool& where);

// policy.cpp: whether the unit's policy lets an allowed request go now.
std::optional<Refusal> admit(Session& session);
// … and how that went: an endpoint's answer, or that there is none.
void note_answer(Session& session, int status);
void note_no_answer(Session& session, int status);
// Whether to try again after this attempt, where that is safe; if so, it is counted.
bool may_retry(Session& session, int attempt);
Refusal request_timeout(Session& session);
// Why a connection was cut off on which nothing moved.
std::string idle_timeout(Session& session);
// A policy has acted: counts and logs it.
void act(Caller& caller, observe::PolicyKind kind);

// answer.cpp: an answer of our own. `keep`: whether the connection could go on after it. True if
// it can.
net::Task<bool> answer(Session& session, Refusal refusal, bool to_head, bool keep);
// Reads over the rest of what the client sends, for a moment, so that closing with bytes unread
// does not reset the connection and take the answer with it.
net::Task<> linger(Session& session);

// forward.cpp: sends the request on and the response back. `again`: nothing came of it, and the
// whole request is still in session.in; serve it anew. Attempts after the first (0) use new
// connections.
enum class Forwarded : std::uint8_t { keep, close, again };
inline constexpr int kMaxAttempts = 3;
net::Task<Forwarded> forward(Session& session, Choice choice, RequestFacts facts, int attempt);

// rewrite.cpp: heads as they are sent on.
void write_request_head(const Session& session, const RequestHead& head, std::string& out);
struct ResponseShape {
  bool chunked = false;    // the body goes out in chunks
  bool keep_alive = true;  // what we tell the client
  int client_minor = 1;
};
void write_response_head(const ResponseHead& head, ResponseShape shape, std::string& out);

// pump.cpp: moves a body along, whatever its framing, and no faster than it is taken.
enum class PumpEnd : std::uint8_t { complete, source_failed, sink_failed, malformed };
struct Pump {
  net::Stream& from;
  net::Buffer& in;
  net::Stream& to;
  BodyDecoder decoder;
  bool chunked;            // how it goes out
  bool trailers;           // whether the receiver can take them
  std::uint64_t& counted;  // body bytes
};
// Sends `first` and what is at hand of the body with one system call. That often was all.
struct PumpStart {
  enum class Status : std::uint8_t {
    complete,
    more,
    malformed,
    failed
  };  // failed: nothing was sent
  Status status = Status::complete;
  std::string left_over;  // what the kernel did not take
};
// `skip`: bytes in front of the body, the head it came with, that are used up too.
PumpStart start_pump(Pump& state, std::string_view first, std::size_t skip);
// Goes on from there.
net::Task<> pump(Session& session, Pump state, std::string left_over, PumpEnd& end);

// tunnel.cpp: bytes both ways until both ends are done.
net::Task<> tunnel(Session& session, upstream::Connection& up);

// connect.cpp: a new connection, or null and why.
net::Task<std::unique_ptr<upstream::Connection>> connect(Session& session, upstream::Pool& pool,
                                                         Refusal& refusal);

// tcp.cpp: a connection of a TCP unit; decided once, at accept.
net::Task<> serve_tcp(Worker& worker, int fd, ListenerKey listener, net::SocketAddress peer);

// Counts and logs the request, connection or flow that has ended.
void settle(Caller& caller);

}  // namespace smic::proxy
