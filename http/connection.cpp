// SPDX-License-Identifier: Apache-2.0
// The door to Beast, of which only the parser is used: it has seen every framing there is, and it
// takes bytes from wherever they come. Tested by client_test.cpp.
#include "http/connection.h"

#include <array>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>

namespace smic::http {
namespace {

namespace beast = boost::beast::http;

constexpr std::size_t kPiece = 32 * 1024;
constexpr std::chrono::seconds kLongestRetryAfter{300};

std::string text_of(const Request& request, const std::string& host,
                    const std::string& authorization) {
  std::string text = request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + host +
                     "\r\nUser-Agent: smic\r\nAccept: application/json\r\n";
  if (!authorization.empty()) text += "Authorization: " + authorization + "\r\n";
  if (!request.content_type.empty()) {
    text += "Content-Type: " + request.content_type +
            "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return text + "\r\n" + request.body;
}

// Seconds only; a server of ours never sends a date.
std::optional<std::chrono::seconds> retry_after_of(std::string_view text) {
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::min(std::chrono::seconds(seconds), kLongestRetryAfter);
}

}  // namespace

struct HttpConnection::Impl {
  using Parser = beast::response_parser<beast::buffer_body>;

  std::unique_ptr<Stream> stream;
  std::string host;
  std::optional<Parser> parser = std::nullopt;  // of the answer that is being read
  std::array<char, kMaxHeadBytes + kPiece> input = {};
  std::size_t begin = 0, end = 0;  // of what the parser has not taken yet
  std::array<char, kPiece> output = {};

  // Reads behind what the parser left, which is the beginning of a line that has not come whole.
  Outcome<void> fill(Deadline deadline) {
    std::copy(input.begin() + begin, input.begin() + end, input.begin());
    end -= begin;
    begin = 0;
    if (end == input.size()) return fault(Fault::unreadable, "this is no HTTP: a line is too long");
    const auto size = stream->read(std::span(input).subspan(end), deadline);
    if (!size) return std::unexpected(size.error());
    if (*size > 0) {
      end += *size;
      return {};
    }
    boost::system::error_code error;
    if (parser->got_some()) parser->put_eof(error);
    if (!error && parser->is_done()) return {};
    return fault(Fault::unreachable, "the connection was lost in the middle of an answer");
  }

  // Lets the parser take what it can. How many bytes of body came out.
  Outcome<std::size_t> parse() {
    auto& body = parser->get().body();
    body.data = output.data();
    body.size = output.size();
    body.more = true;
    boost::system::error_code error;
    begin += parser->put({input.data() + begin, end - begin}, error);
    if (error && error != beast::error::need_more && error != beast::error::need_buffer) {
      return fault(Fault::unreadable, "this is no HTTP: " + error.message());
    }
    hungry = error == beast::error::need_more || begin == end;
    return output.size() - body.size;
  }

  bool hungry = true;  // nothing comes of parsing before more was read
};

HttpConnection::HttpConnection(std::unique_ptr<Stream> stream, std::string host)
    : impl_(new Impl{std::move(stream), std::move(host)}) {}

HttpConnection::~HttpConnection() = default;

Outcome<Head> HttpConnection::ask(const Request& request, const std::string& authorization,
                                  Deadline deadline) {
  Impl& impl = *impl_;
  impl.parser.emplace();
  impl.parser->header_limit(kMaxHeadBytes);
  impl.parser->body_limit(boost::none);  // whoever reads the body has a limit of its own
  impl.begin = impl.end = 0;
  impl.hungry = true;
  const std::string text = text_of(request, impl.host, authorization);
  if (auto sent = impl.stream->write(text, deadline); !sent) return std::unexpected(sent.error());
  while (!impl.parser->is_header_done()) {
    if (impl.hungry) {
      if (auto filled = impl.fill(deadline); !filled) return std::unexpected(filled.error());
    }
    if (auto parsed = impl.parse(); !parsed) return std::unexpected(parsed.error());
  }
  impl.hungry = impl.begin == impl.end;
  const auto& answer = impl.parser->get();
  const auto wait = answer[beast::field::retry_after];
  return Head{static_cast<int>(answer.result_int()), retry_after_of({wait.data(), wait.size()})};
}

std::string_view HttpConnection::field(std::string_view name) const {
  if (!impl_->parser) return {};
  const auto value = impl_->parser->get()[{name.data(), name.size()}];
  return {value.data(), value.size()};
}

Outcome<std::string_view> HttpConnection::read(Deadline deadline) {
  Impl& impl = *impl_;
  while (!impl.parser->is_done()) {
    if (impl.hungry) {
      if (auto filled = impl.fill(deadline); !filled) return std::unexpected(filled.error());
      if (impl.parser->is_done()) break;
    }
    const auto size = impl.parse();
    if (!size) return std::unexpected(size.error());
    if (*size > 0) return std::string_view(impl.output.data(), *size);
  }
  return std::string_view{};
}

bool HttpConnection::reusable() {
  Impl& impl = *impl_;
  if (!impl.parser || !impl.parser->is_done() || !impl.parser->keep_alive()) return false;
  if (impl.begin != impl.end) return false;
  const auto silence = impl.stream->read(impl.input, Clock::now());
  return !silence && silence.error().fault == Fault::timed_out;
}

}  // namespace smic::http
