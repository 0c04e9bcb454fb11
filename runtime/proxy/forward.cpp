// SPDX-License-Identifier: Apache-2.0
// One exchange with a backend: the request out, the response back, both streaming at once.
//
// The common case has no coroutine but this one: head and body fit in what was read, the kernel
// takes them in one call, and so does the client's socket with the response. What is left over is
// moved by a pump: for the request beside this coroutine, so that a response may begin, and end,
// while the request is still being sent; for the response within it.
//
// A request without a body stays in session.in until the response begins. So when a pooled
// connection turns out to be closed before that, the request is simply served anew.
#include <array>

#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

constexpr int kMaxInterimResponses = 16;

class Exchange {
 public:
  Exchange(Session& session, upstream::Pool& pool, RequestFacts facts, int attempt)
      : session_(session), worker_(session.worker), pool_(pool), facts_(facts), attempt_(attempt) {}

  net::Task<Forwarded> run() {
    if (attempt_ == 0) up_ = pool_.take();
    if (up_) {
      worker_.metrics.upstream_reuses.add();
    } else {
      Refusal why;
      up_ = co_await connect(session_, pool_, why);
      if (!up_ && may_choose_again()) co_return Forwarded::again;
      if (!up_ && session_.request_timed_out()) why = request_timeout(session_);
      if (!up_) co_return co_await give_up(std::move(why));
      // Others have used the scratch meanwhile; the bytes are still here.
      HeadParser(limits()).request(session_.in.bytes(), worker_.scratch.request);
    }
    session_.upstream = &up_->stream;
    session_.enter(Session::Phase::awaiting_response, session_.answer_limit());
    Refusal why;
    Forwarded outcome = Forwarded::close;
    if (send_request()) {
      outcome = co_await receive_response(why);
    } else if (up_->reused) {
      outcome = Forwarded::again;  // closed before it took a byte: nobody has seen this request
    } else {
      why = closed_early();
    }
    if (!why.reason.empty()) outcome = co_await give_up(std::move(why));
    co_await stop_sending();
    session_.upstream = nullptr;
    co_return outcome;
  }

 private:
  HeadLimits limits() const {
    return {worker_.options().max_header_bytes, worker_.options().max_header_count};
  }
  bool has_body() const { return facts_.framing.kind != BodyKind::none; }
  bool sending() const { return sender_ && !sender_->done(); }
  bool request_complete() const {
    return !sender_ || (sender_->done() && sent_ == PumpEnd::complete);
  }

  Refusal closed_early() const {
    return {502,
            "bad gateway; endpoint=" + pool_.address().to_string() +
                "; it closed the connection before answering",
            ""};
  }
  Refusal bad_response(const char* why) const {
    return {502,
            "bad gateway; endpoint=" + pool_.address().to_string() +
                "; its response is malformed: " + why,
            ""};
  }

  // False if the connection took nothing.
  bool send_request() {
    std::string& head = worker_.scratch.out;
    write_request_head(session_, worker_.scratch.request, head);
    if (!has_body()) {
      Pump only_head{session_.stream,          nothing_, up_->stream, BodyDecoder(), false, false,
                     session_.account.received};
      return go_on(only_head, start_pump(only_head, head, 0));
    }
    net::Buffer& in = session_.in;
    Pump body{session_.stream,
              in,
              up_->stream,
              BodyDecoder(facts_.framing),
              facts_.framing.kind == BodyKind::chunked,
              true,
              session_.account.received};
    return go_on(body, start_pump(body, head, facts_.head_size));
  }

  bool go_on(Pump& state, PumpStart start) {
    switch (start.status) {
      case PumpStart::Status::failed:
        return false;
      case PumpStart::Status::complete:
        return true;
      case PumpStart::Status::malformed:
        sent_ = PumpEnd::malformed;
        break;
      case PumpStart::Status::more:
        break;
    }
    if (start.status == PumpStart::Status::malformed) {
      malformed_body_ = true;
      return true;
    }
    sender_.emplace(send_rest(state, std::move(start.left_over)));
    return true;
  }

  net::Task<> send_rest(Pump state, std::string left_over) {
    co_await pump(session_, state, std::move(left_over), sent_);
    // A client that is gone, or makes no sense, is nobody to wait for a response for.
    if (sent_ == PumpEnd::source_failed || sent_ == PumpEnd::malformed) up_->stream.abort();
  }

  // Reads until a final response's head is there. False: there is none, and why.
  net::Task<bool> await_head(Refusal& why) {
    HeadParser parser(limits());
    ResponseHead& head = worker_.scratch.response;
    for (int interim = 0;;) {
      ParseResult result{ParseStatus::need_more};
      if (!up_->in.empty()) result = parser.response(up_->in.bytes(), facts_.to_head, head);
      if (result.status == ParseStatus::bad) {
        why = bad_response(result.why);
        co_return false;
      }
      if (result.status == ParseStatus::need_more) {
        up_->start_read(worker_.options().max_header_bytes);
        const net::IoResult got = co_await up_->stream.read_result();
        if (got.status != net::IoStatus::ok) {
          why = no_response(got.status);
          co_return false;
        }
        up_->in.commit(got.size);
        continue;
      }
      if (head.status >= 200 || head.status == 101) co_return true;
      if (++interim > kMaxInterimResponses) {
        why = bad_response("too many interim responses");
        co_return false;
      }
      continued_ |= head.status == 100;
      if (!co_await send_interim(head)) co_return false;
    }
  }

  net::Task<bool> send_interim(const ResponseHead& head) {
    std::string text;
    if (facts_.minor == 1) write_response_head(head, {}, text);
    up_->in.consume(head.size);
    std::array<iovec, 1> pieces{net::piece(text)};
    co_return co_await session_.stream.write(pieces) == net::IoStatus::ok;
  }

  Refusal no_response(net::IoStatus status) {
    if (session_.closing || sent_ == PumpEnd::source_failed) return {};
    if (sent_ == PumpEnd::malformed) return {400, "malformed; the body's chunk framing", ""};
    if (session_.timed_out) {
      if (session_.request_timed_out()) return request_timeout(session_);
      return {504, "timeout; endpoint=" + pool_.address().to_string() + "; no response in time",
              ""};
    }
    if (status == net::IoStatus::cancelled) return {};
    return closed_early();
  }

  // Refused at once: perhaps another endpoint is better. Nothing was sent.
  bool may_choose_again() {
    if (session_.closing) return false;
    if (has_retry_policy()) {
      if (!may_retry(session_, attempt_)) return false;
      session_.timed_out = false;  // connecting took too long, not the request
      return true;
    }
    return attempt_ + 1 < kMaxAttempts && !session_.timed_out;
  }
  // Not answered, but perhaps sent. Once, if the connection was an old one, since that happens to
  // the best; else by the policy.
  bool may_send_again() {
    const bool safe = !has_body() && facts_.idempotent && up_->in.empty() && !session_.timed_out &&
                      !session_.closing;
    if (!safe) return false;
    return (up_->reused && attempt_ == 0) || may_retry(session_, attempt_);
  }
  bool has_retry_policy() const {
    return session_.account.policy && session_.account.policy->rules.retry_attempts;
  }

  net::Task<Forwarded> receive_response(Refusal& why) {
    if (malformed_body_) {
      why = {400, "malformed; the body's chunk framing", ""};
      co_return Forwarded::close;
    }
    if (!co_await await_head(why)) {
      if (why.status != 502 || !may_send_again()) co_return Forwarded::close;
      why = {};
      co_return Forwarded::again;
    }
    const bool switching = worker_.scratch.response.status == 101;
    if (!has_body()) {
      if (switching) session_.tunnel_head = session_.in.bytes().substr(0, facts_.head_size);
      session_.in.consume(facts_.head_size);
    }
    if (switching) co_return co_await upgrade(why);
    co_return co_await relay_response();
  }

  net::Task<Forwarded> upgrade(Refusal& why) {
    if (!facts_.wants_upgrade || has_body()) {
      why = bad_response("it switched protocols unasked");
      co_return Forwarded::close;
    }
    const ResponseHead& head = worker_.scratch.response;
    std::string text;
    write_response_head(head, {}, text);
    up_->in.consume(head.size);
    session_.account.status = 101;
    note_answer(session_, 101);
    std::array<iovec, 1> pieces{net::piece(text)};
    if (co_await session_.stream.write(pieces) == net::IoStatus::ok) {
      co_await tunnel(session_, *up_);
    }
    co_return Forwarded::close;
  }

  net::Task<Forwarded> relay_response() {
    ResponseHead& head = worker_.scratch.response;
    const BodyKind kind = head.framing.kind;
    const bool up_keeps = head.keep_alive;
    ResponseShape shape;
    shape.client_minor = facts_.minor;
    const bool unframed = kind == BodyKind::chunked || kind == BodyKind::until_close;
    shape.chunked = facts_.minor == 1 &&
                    (unframed || (facts_.to_head && head.has_chunked && head.status != 304));
    const bool delimited = !unframed || facts_.minor == 1;
    const bool abandons_request =
        sending() && (!up_keeps || (facts_.expects_continue && !continued_));
    shape.keep_alive = facts_.keep_alive && delimited && !abandons_request && !worker_.draining() &&
                       sent_ == PumpEnd::complete;
    session_.account.status = head.status;
    note_answer(session_, head.status);
    write_response_head(head, shape, worker_.scratch.out);
    Pump body{up_->stream,
              up_->in,
              session_.stream,
              BodyDecoder(head.framing),
              shape.chunked && unframed,
              facts_.minor == 1,
              session_.account.sent};
    session_.phase = Session::Phase::streaming;
    PumpStart start = start_pump(body, worker_.scratch.out, head.size);
    PumpEnd received = PumpEnd::complete;
    if (start.status == PumpStart::Status::more) {
      session_.touch();
      co_await pump(session_, body, std::move(start.left_over), received);
    } else if (start.status == PumpStart::Status::failed) {
      received = PumpEnd::sink_failed;
    } else if (start.status == PumpStart::Status::malformed) {
      received = PumpEnd::malformed;
    }
    if (received != PumpEnd::complete) {
      session_.account.reason = cut_short(received);
      co_return Forwarded::close;
    }
    if (shape.keep_alive && sending()) co_await sender_->join();
    const bool sent_all = request_complete();
    session_.unread = !sent_all;
    if (up_keeps && sent_all && up_->in.empty()) pool_.put(std::move(up_));
    co_return shape.keep_alive&& sent_all ? Forwarded::keep : Forwarded::close;
  }

  std::string cut_short(PumpEnd end) const {
    if (session_.timed_out) return idle_timeout(session_);
    switch (end) {
      case PumpEnd::complete:
        break;
      case PumpEnd::source_failed:
        return "the endpoint closed in the middle of its response";
      case PumpEnd::sink_failed:
        return "the client closed in the middle of the response";
      case PumpEnd::malformed:
        return "the endpoint's chunk framing is malformed";
    }
    return "";
  }

  // Nothing came from the backend: we answer ourselves.
  net::Task<Forwarded> give_up(Refusal why) {
    if (up_) up_->stream.abort();
    const bool body_read = !has_body() || (up_ && request_complete() && !malformed_body_);
    co_await stop_sending();
    if (session_.closing) co_return Forwarded::close;
    if (!has_body()) session_.in.consume(facts_.head_size);
    const bool keep = facts_.keep_alive && body_read;
    session_.unread = !body_read;
    if (why.status >= 500) note_no_answer(session_, why.status);
    if (why.status == 503) worker_.metrics.requests_unavailable.add();
    const bool kept = co_await answer(session_, std::move(why), facts_.to_head, keep);
    co_return kept ? Forwarded::keep : Forwarded::close;
  }

  net::Task<> stop_sending() {
    if (!sending()) co_return;
    if (up_) up_->stream.abort();
    session_.stream.cancel();
    co_await sender_->join();
  }

  Session& session_;
  Worker& worker_;
  upstream::Pool& pool_;
  RequestFacts facts_;
  int attempt_;
  std::unique_ptr<upstream::Connection> up_;
  net::Buffer nothing_;
  std::optional<net::Joined> sender_;
  PumpEnd sent_ = PumpEnd::complete;
  bool malformed_body_ = false;
  bool continued_ = false;
};

}  // namespace

net::Task<Forwarded> forward(Session& session, Choice choice, RequestFacts facts, int attempt) {
  const upstream::InUse in_use(*choice.pool);
  Exchange exchange(session, *choice.pool, facts, attempt);
  co_return co_await exchange.run();
}

}  // namespace smic::proxy
