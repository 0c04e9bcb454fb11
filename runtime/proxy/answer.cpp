// SPDX-License-Identifier: Apache-2.0
// Answers of our own. They say so in a header, with what decided, and in a small body that a person
// with curl can read, with what to do about it.
#include <array>

#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

constexpr std::size_t kMaxReason = 1024;
constexpr std::size_t kMaxLingerBytes = 8 * 1024 * 1024;
constexpr std::chrono::milliseconds kLingerTime{2000};

std::string_view phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 408:
      return "Request Timeout";
    case 414:
      return "URI Too Long";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

// As a header value: names of resources come from users, so nothing but visible ASCII stays.
std::string sanitise(std::string_view text) {
  std::string out(text.substr(0, kMaxReason));
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) c = '?';
  }
  return out;
}

}  // namespace

net::Task<bool> answer(Session& session, Refusal refusal, bool to_head, bool keep) {
  keep = keep && !session.worker.draining();
  session.account.status = refusal.status;
  session.account.reason = refusal.reason;
  std::string body = "smic: " + sanitise(refusal.reason) + "\n";
  if (!refusal.advice.empty()) body += sanitise(refusal.advice) + "\n";
  std::string text = "HTTP/1.1 " + std::to_string(refusal.status) + " ";
  text.append(phrase(refusal.status)).append("\r\nDate: ").append(session.worker.date());
  text += "\r\nsmic-reason: " + sanitise(refusal.reason);
  if (refusal.retry_after > 0) text += "\r\nRetry-After: " + std::to_string(refusal.retry_after);
  text += "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
          std::to_string(body.size());
  text += keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  if (!to_head) text += body;
  session.account.sent = to_head ? 0 : body.size();
  session.phase = Session::Phase::streaming;
  session.touch();
  std::array<iovec, 1> pieces{net::piece(text)};
  const net::IoStatus status = co_await session.stream.write(pieces);
  co_return keep&& status == net::IoStatus::ok;
}

net::Task<> linger(Session& session) {
  session.stream.finish_writing();
  session.enter(Session::Phase::idle, kLingerTime);
  session.in.consume(session.in.size());
  for (std::size_t total = 0; total < kMaxLingerBytes;) {
    const net::IoResult got = co_await session.stream.read(session.in.room());
    if (got.status != net::IoStatus::ok) break;
    total += got.size;
  }
}

}  // namespace smic::proxy
