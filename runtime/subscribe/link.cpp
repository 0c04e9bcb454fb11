// SPDX-License-Identifier: Apache-2.0
// Tested by tests/integration/distribution_test.py.
#include "runtime/subscribe/link.h"

#include <algorithm>
#include <charconv>

#include "runtime/subscribe/files.h"

namespace smic::subscribe {
namespace {

constexpr std::size_t kMaxReason = 16 * 1024;
constexpr std::size_t kMaxQuote = 300;
constexpr int kHeartbeatsMissed = 3;
constexpr std::chrono::milliseconds kLongestHeartbeat{60'000};

http::Outcome<std::string> authorization(const std::string& token_file) {
  auto token = read_file(token_file, kMaxToken);
  if (!token) return http::fault(http::Fault::unauthorized, token.error().message);
  while (token->ends_with('\n') || token->ends_with(' ')) token->pop_back();
  const bool plain = std::ranges::all_of(*token, [](char c) { return c > ' ' && c < 0x7F; });
  if (!plain || token->empty()) {
    return http::fault(http::Fault::unauthorized, token_file + " is no token");
  }
  return "Bearer " + *token;
}

// A refusal's reason as a line of text.
std::string quoted(std::string text) {
  text.resize(std::min(text.size(), kMaxQuote));
  std::ranges::replace_if(text, [](char c) { return c >= 0 && c < ' '; }, ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

// A field that is not understood is as good as none.
Greeting greeting_of(const http::HttpConnection& connection) {
  Greeting greeting;
  if (const auto at =
          controller_address("https://" + std::string(connection.field("Smic-Replica"))))
    greeting.replica = *at;
  const std::string_view text = connection.field("Smic-Heartbeat");
  unsigned milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (error == std::errc{} && end == text.data() + text.size() && milliseconds > 0)
    greeting.heartbeat = std::min(std::chrono::milliseconds(milliseconds), kLongestHeartbeat);
  return greeting;
}

}  // namespace

Result<Address> controller_address(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  const auto bad = [&] {
    return fail("`" + url + "` is no address of a controller: https://HOST[:PORT]");
  };
  if (!url.starts_with(kScheme)) return bad();
  std::string rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.pop_back();
  Address address;
  std::string port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == rest.npos) return bad();
    address.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
  } else {
    address.host = rest.substr(0, rest.find(':'));
    port = rest.substr(address.host.size());
  }
  if (address.host.empty() || address.host.find_first_of("/?#@ ") != rest.npos) return bad();
  if (port.empty()) return address;
  const auto [end, error] =
      std::from_chars(port.data() + 1, port.data() + port.size(), address.port);
  if (port[0] != ':' || error != std::errc{} || end != port.data() + port.size() ||
      address.port == 0) {
    return bad();
  }
  return address;
}

// Whoever answers there must have the name in the URL.
http::Outcome<std::unique_ptr<http::HttpConnection>> Link::reach(const Address& at) const {
  const auto deadline = http::Clock::now() + options_.connect_timeout;
  auto stream = http::dial(at.host, at.port, deadline, stop_);
  if (!stream) return std::unexpected(stream.error());
  const Address& to = options_.address;
  http::TlsOptions tls{.server_name = to.host};
  tls.authorities = options_.authorities;
  auto secured = http::secure(std::move(*stream), tls, deadline);
  if (!secured) return std::unexpected(secured.error());
  const std::string host = to.host.contains(':') ? '[' + to.host + ']' : to.host;
  return std::make_unique<http::HttpConnection>(std::move(*secured),
                                                host + ':' + std::to_string(to.port));
}

http::Outcome<void> Link::connect() {
  if (connection_ && connection_->reusable()) return {};
  connection_.reset();
  if (options_.replica) {
    if (auto there = reach(*options_.replica)) {
      connection_ = std::move(*there);
      return {};
    }
  }
  auto connection = reach(options_.address);
  if (!connection) return std::unexpected(connection.error());
  connection_ = std::move(*connection);
  return {};
}

http::Outcome<std::string> Link::drain(std::size_t limit) {
  const auto deadline = http::Clock::now() + options_.answer_timeout;
  std::string body;
  for (;;) {
    const auto piece = connection_->read(deadline);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return body;
    if (body.size() + piece->size() > limit) {
      return http::fault(http::Fault::unreadable,
                         "an answer has more than " + std::to_string(limit) + " bytes");
    }
    body += *piece;
  }
}

// The head says yes, or the reason is told.
http::Outcome<http::Head> Link::begin(const http::Request& request) {
  const auto authorized = authorization(options_.token_file);
  if (!authorized) return std::unexpected(authorized.error());
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  auto head = connection_->ask(request, *authorized, http::Clock::now() + options_.answer_timeout);
  if (head && head->status >= 200 && head->status < 300) return head;
  http::Failure failure;
  if (!head) {
    failure = head.error();
  } else {
    const auto reason = drain(kMaxReason);
    failure = {http::fault_of_status(head->status),
               "HTTP " + std::to_string(head->status) + (reason ? ": " + quoted(*reason) : "")};
    failure.status = head->status;
    failure.retry_after = head->retry_after;
  }
  if (!head || !connection_->reusable()) connection_.reset();
  return http::fault(std::move(failure),
                     request.method + ' ' + request.target.substr(0, request.target.find('?')));
}

http::Outcome<std::string> Link::ask(http::Request request, std::size_t limit) {
  const auto head = begin(request);
  if (!head) return std::unexpected(head.error());
  auto body = drain(limit);
  if (!body) connection_.reset();
  return body;
}

http::Outcome<void> Link::follow(const std::string& target, std::chrono::milliseconds silence,
                                 const std::function<void(const Greeting&)>& begun,
                                 const Take& take) {
  const auto head = begin({.target = target});
  if (!head) return std::unexpected(head.error());
  const Greeting greeting = greeting_of(*connection_);
  if (greeting.heartbeat) silence = std::min(silence, kHeartbeatsMissed * *greeting.heartbeat);
  begun(greeting);
  // What is left of the answer is of no use to anybody when this returns.
  const std::unique_ptr<http::HttpConnection> connection = std::move(connection_);
  for (;;) {
    const auto piece = connection->read(http::Clock::now() + silence);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty())
      return http::fault(http::Fault::unreachable, "the controller ended the watch");
    if (auto taken = take(*piece); !taken) return taken;
  }
}

}  // namespace smic::subscribe
