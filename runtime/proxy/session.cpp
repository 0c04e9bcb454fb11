// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

// A deadline has passed. What is under way is cut off; who was waiting for it sees `timed_out`.
void expired(void* context) {
  auto& session = *static_cast<Session*>(context);
  session.timed_out = true;
  switch (session.phase) {
    case Session::Phase::idle:
    case Session::Phase::reading_head:
      session.stream.cancel();
      break;
    case Session::Phase::connecting:
    case Session::Phase::awaiting_response:  // the client is still to be told
      if (session.upstream != nullptr) session.upstream->abort();
      break;
    case Session::Phase::streaming:
      session.stream.abort();
      if (session.upstream != nullptr) session.upstream->abort();
      break;
  }
}

RequestFacts facts_of(const RequestHead& head) {
  using contract::Method;
  RequestFacts facts;
  facts.head_size = head.size;
  facts.framing = head.framing;
  facts.minor = head.minor;
  facts.keep_alive = head.keep_alive;
  facts.to_head = head.method_id == Method::kHead;
  facts.idempotent = head.method_id != Method::kPost && head.method_id != Method::kPatch &&
                     head.method_id != Method::kOther;
  facts.expects_continue = head.expects_continue;
  facts.wants_upgrade = head.wants_upgrade;
  return facts;
}

// Uses up a request that is not forwarded. False if not all of it is there, or it makes no sense:
// then the connection cannot go on.
bool discard_request(Session& session, const RequestFacts& facts) {
  session.in.consume(facts.head_size);
  BodyDecoder decoder(facts.framing);
  while (!decoder.ended()) {
    const BodyDecoder::Step step = decoder.next(session.in.bytes());
    session.in.consume(step.used);
    if (step.status == BodyDecoder::Status::bad || step.used == 0) return false;
  }
  return true;
}

// Reads until a request head is complete or can be refused. False: the connection is over.
net::Task<bool> read_head(Session& session, HeadParser& parser, ParseResult& result) {
  const Options& options = session.worker.options();
  session.timed_out = false;
  bool head_begun = false;
  for (;;) {
    if (!session.in.empty()) {
      result = parser.request(session.in.bytes(), session.worker.scratch.request);
      if (result.status != ParseStatus::need_more) co_return true;
    }
    if (session.in.empty()) {
      session.enter(Session::Phase::idle, options.client_header_timeout);
      session.in.release();  // an idle connection holds no buffer
      if ((co_await session.stream.read({})).status != net::IoStatus::ok) co_return false;
    } else if (!std::exchange(head_begun, true)) {
      session.enter(Session::Phase::reading_head, options.client_header_timeout);
    }
    const net::IoResult got =
        co_await session.stream.read(session.in.grow(options.max_header_bytes + net::kBlockBytes));
    if (got.status == net::IoStatus::cancelled && session.timed_out && head_begun) {
      result = {ParseStatus::bad, 408, "the request head did not come in time"};
      co_return true;
    }
    if (got.status != net::IoStatus::ok) co_return false;
    session.in.commit(got.size);
  }
}

// One request whose head is in the scratch. True if the connection goes on.
net::Task<bool> serve_request(Session& session, ParseResult result) {
  Worker& worker = session.worker;
  session.account = {};
  session.account.began = std::chrono::steady_clock::now();
  Choice choice;
  for (int attempt = 0;; ++attempt) {
    RequestHead& head = worker.scratch.request;
    if (result.status == ParseStatus::bad) {
      worker.metrics.requests_malformed.add();
      session.unread = true;
      co_return co_await answer(session, {result.code, std::string("malformed; ") + result.why, ""},
                                false, false);
    }
    const RequestFacts facts = facts_of(head);
    choice = {.avoid = choice.pool};
    std::optional<Refusal> refusal = decide(session, head, choice);
    if (!refusal && attempt == 0) refusal = admit(session);
    worker.quiet();
    if (refusal) {
      session.account.edge = nullptr;
      const bool gone = choice.unit_is_gone;
      session.unread = !discard_request(session, facts);
      const bool keep = facts.keep_alive && !session.unread && !gone;
      co_return co_await answer(session, std::move(*refusal), facts.to_head, keep);
    }
    const Forwarded forwarded = co_await forward(session, choice, facts, attempt);
    if (forwarded != Forwarded::again) co_return forwarded == Forwarded::keep;
    worker.metrics.upstream_retries.add();
    const HeadLimits limits{worker.options().max_header_bytes, worker.options().max_header_count};
    result = HeadParser(limits).request(session.in.bytes(), head);
  }
}

}  // namespace

Session::Session(Worker& owner, int fd, ListenerKey by, const net::SocketAddress& from)
    : Caller(owner, by, from),
      stream(owner.loop(), fd),
      deadline(owner.loop().deadlines(), expired, this) {
  worker.enter(*this);
}

Session::~Session() { worker.leave(*this); }

void Session::abort() {
  closing = true;
  stream.abort();
  if (upstream != nullptr) upstream->abort();
}

net::Task<> serve(Worker& worker, int fd, ListenerKey listener, net::SocketAddress peer) {
  Session session(worker, fd, listener, peer);
  HeadParser parser({worker.options().max_header_bytes, worker.options().max_header_count});
  for (bool on = true; on;) {
    ParseResult result;
    if (!co_await read_head(session, parser, result)) co_return;
    on = co_await serve_request(session, result);
    settle(session);
  }
  if (session.unread && !session.closing && !session.stream.aborted()) co_await linger(session);
}

void settle(Caller& caller) {
  Account& account = caller.account;
  const auto ended = std::chrono::steady_clock::now();
  const auto took = ended - account.began;
  account.passage = {};
  if (account.series != nullptr) {
    const auto status_class = static_cast<std::size_t>(account.status / 100);
    account.series->by_class[status_class < 6 ? status_class : 0].add();
    account.series->duration.observe(took);
    account.series->bytes_received.add(account.received);
    account.series->bytes_sent.add(account.sent);
  }
  // Requests alone; and not those whose client left before it was answered.
  if (account.edge != nullptr && account.protocol == "http" && account.status >= 200) {
    account.edge->count(account.status < 500, ended, took);
  }
  if (!caller.worker.access_log.on()) return;
  observe::AccessRecord record;
  record.source = caller.peer_ip;
  record.identity = caller.identity;
  record.protocol = account.protocol;
  record.method = account.method;
  record.path = account.path;
  record.status = account.status;
  record.unit = account.unit;
  record.route = account.route;
  record.backend = account.backend;
  record.endpoint = account.endpoint;
  record.received = account.received;
  record.sent = account.sent;
  record.micros = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  record.reason = account.reason;
  record.policy = account.policies;
  caller.worker.access_log.write(record);
}

}  // namespace smic::proxy
