// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages as RFC 9112 has them, read strictly: what two readers could understand
// differently is refused, because that is how requests are smuggled past an access rule. So: no
// bare CR or LF, no folded lines, no white space before a colon, one Host, one way to know a body's
// end.
//
// Heads are parsed in place: every view points into the bytes given. Nothing here knows sockets.
// Tested by tests/unit/proxy/http1_*_test.cpp and the fuzz harness http1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contract/abi.h"

namespace smic::proxy {

struct HeadLimits {
  std::size_t bytes = 64 * 1024;
  std::size_t fields = 256;
};
inline constexpr std::size_t kMaxTargetBytes = 16 * 1024;
inline constexpr std::size_t kMaxMethodBytes = 64;
inline constexpr std::size_t kMaxChunkExtensionBytes = 1024;
inline constexpr std::size_t kMaxTrailerBytes = 16 * 1024;

// Fields that mean something to a proxy.
enum class FieldId : std::uint8_t {
  other,
  connection,
  content_length,
  cookie,
  expect,
  host,
  http2_settings,
  keep_alive,
  proxy_connection,
  te,
  transfer_encoding,
  upgrade,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
};

struct Field {
  std::string_view name;
  std::string_view value;  // without white space around it
  std::string_view line;   // as received, with its CRLF
  FieldId id = FieldId::other;
};

enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;  // of BodyKind::length; never 0
  bool operator==(const Framing&) const = default;
};

// What heads of requests and responses have in common.
struct Head {
  std::size_t size = 0;  // bytes up to and with the empty line
  int minor = 1;         // HTTP/1.minor
  std::vector<Field> fields;
  std::vector<std::string_view> connection_options;  // but close, keep-alive and upgrade
  Framing framing;
  bool keep_alive = true;
  bool wants_upgrade = false;  // Connection: upgrade, and an Upgrade field
  bool has_length = false;     // a Content-Length was there, even if it does not apply
  std::uint64_t length = 0;    // its value
  bool has_chunked = false;    // likewise Transfer-Encoding: chunked

  const Field* find(FieldId id) const;
};

struct RequestHead : Head {
  std::string_view method;
  contract::Method method_id = contract::Method::kOther;
  std::string_view target;     // as received
  std::string_view forward;    // what goes upstream as target: origin-form, or "*"
  std::string_view path;       // of the target, as received, without query and fragment
  std::string_view authority;  // of the target in absolute-form, else of Host
  bool absolute_form = false;  // then Host is to be replaced by `authority`
  bool expects_continue = false;
};

struct ResponseHead : Head {
  int status = 0;
  std::string_view reason;
};

enum class ParseStatus : std::uint8_t { done, need_more, bad };

// How parsing went. `bad` carries the status to answer with and why, for the sender's eyes.
struct ParseResult {
  ParseStatus status = ParseStatus::done;
  int code = 0;
  const char* why = "";
};

// Parses one head as bytes arrive. The first call usually has all of it and makes one pass. If not,
// later calls only look for the end in what is new, so that a sender of single bytes cannot make us
// read everything again each time.
class HeadParser {
 public:
  explicit HeadParser(HeadLimits limits) : limits_(limits) {}

  ParseResult request(std::string_view bytes, RequestHead& head);
  // `to_head`: it answers a HEAD request, so that no body follows whatever it says.
  ParseResult response(std::string_view bytes, bool to_head, ResponseHead& head);
  void reset() { looked_at_ = 0; }

 private:
  bool may_be_complete(std::string_view bytes);
  ParseResult incomplete(std::string_view bytes, int code_for_line, const char* why_line);

  HeadLimits limits_;
  std::size_t looked_at_ = 0;
};

// Finds a body's bytes and its end. Give it what was read; it says what of that is data.
class BodyDecoder {
 public:
  enum class Status : std::uint8_t { more, end, bad };
  struct Step {
    std::string_view data;  // body bytes, inside the input
    std::size_t used = 0;   // bytes of the input dealt with, `data` among them
    Status status = Status::more;
  };

  BodyDecoder() = default;
  explicit BodyDecoder(Framing framing) : kind_(framing.kind), left_(framing.length) {}

  // At most one piece of data per call; call again with the rest until it uses nothing or ends.
  Step next(std::string_view input);
  bool ended() const;
  BodyKind kind() const { return kind_; }
  // After the end: the trailer section's field lines as received, without the empty line.
  const std::string& trailers() const { return trailers_; }

 private:
  enum class Chunk : std::uint8_t {
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    done,
  };

  Step next_chunked(std::string_view input);
  bool take_control_byte(char c);
  bool take_trailer_byte(char c);

  BodyKind kind_ = BodyKind::none;
  Chunk state_ = Chunk::size_first;
  std::uint64_t left_ = 0;
  std::size_t control_bytes_ = 0;  // of this chunk's size line
  std::string trailers_;
};

// Appends those lines of a trailer section that may be passed on: nothing that frames or routes.
void append_trailers(std::string_view trailers, std::string& out);

// ASCII without case.
bool equals_ignoring_case(std::string_view a, std::string_view b);

contract::Method method_of(std::string_view token);

}  // namespace smic::proxy
