// SPDX-License-Identifier: Apache-2.0
// Where a body ends: by length, by chunks (RFC 9112 §7.1), or with the connection.
//
// Chunk framing is read byte by byte, data in spans. Everything that has made two readers disagree
// is refused: sizes beyond 63 bits, signs, white space around sizes, bare CR or LF, anything but
// CRLF behind the data. Extensions are read over, within a limit, and not passed on.
#include <algorithm>

#include "runtime/proxy/http1_scan.h"

namespace smic::proxy {
namespace {

constexpr std::uint64_t kMaxChunk = (std::uint64_t{1} << 62) - 1;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

}  // namespace

bool BodyDecoder::ended() const {
  switch (kind_) {
    case BodyKind::none:
      return true;
    case BodyKind::length:
      return left_ == 0;
    case BodyKind::chunked:
      return state_ == Chunk::done;
    case BodyKind::until_close:
      return false;
  }
  return true;
}

BodyDecoder::Step BodyDecoder::next(std::string_view input) {
  switch (kind_) {
    case BodyKind::none:
      return {{}, 0, Status::end};
    case BodyKind::until_close:
      return {input, input.size(), Status::more};
    case BodyKind::chunked:
      return next_chunked(input);
    case BodyKind::length:
      break;
  }
  const std::size_t taken = std::min<std::uint64_t>(left_, input.size());
  left_ -= taken;
  return {input.substr(0, taken), taken, left_ == 0 ? Status::end : Status::more};
}

BodyDecoder::Step BodyDecoder::next_chunked(std::string_view input) {
  std::size_t used = 0;
  while (used < input.size() && state_ != Chunk::done) {
    if (state_ == Chunk::data) {
      const std::size_t taken = std::min<std::uint64_t>(left_, input.size() - used);
      left_ -= taken;
      if (left_ == 0) state_ = Chunk::data_cr;
      return {input.substr(used, taken), used + taken, Status::more};
    }
    const char c = input[used++];
    const bool good = state_ == Chunk::trailer ? take_trailer_byte(c) : take_control_byte(c);
    if (!good) return {{}, used, Status::bad};
  }
  return {{}, used, state_ == Chunk::done ? Status::end : Status::more};
}

// Size lines, and the CRLF behind the data.
bool BodyDecoder::take_control_byte(char c) {
  switch (state_) {
    case Chunk::size_first:
      left_ = 0;
      control_bytes_ = 0;
      if (hex_value(c) < 0) return false;
      state_ = Chunk::size;
      [[fallthrough]];
    case Chunk::size:
      if (const int digit = hex_value(c); digit >= 0) {
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return ++control_bytes_ <= 16 && left_ <= kMaxChunk;
      }
      control_bytes_ = 0;
      state_ = c == '\r' ? Chunk::size_lf : Chunk::extension;
      return c == '\r' || c == ';';
    case Chunk::extension:
      if (c == '\r') {
        state_ = Chunk::size_lf;
        return true;
      }
      return find_control(&c, &c + 1) != &c && ++control_bytes_ <= kMaxChunkExtensionBytes;
    case Chunk::size_lf:
      state_ = left_ == 0 ? Chunk::trailer : Chunk::data;
      return c == '\n';
    case Chunk::data_cr:
      state_ = Chunk::data_lf;
      return c == '\r';
    case Chunk::data_lf:
      state_ = Chunk::size_first;
      return c == '\n';
    case Chunk::data:
    case Chunk::trailer:
    case Chunk::done:
      break;
  }
  return false;
}

// Collects the trailer section; at its empty line the whole is checked like any header section.
bool BodyDecoder::take_trailer_byte(char c) {
  trailers_ += c;
  if (trailers_.size() > kMaxTrailerBytes) return false;
  if (c != '\n') return true;
  if (!trailers_.ends_with("\r\n")) return false;
  const bool last = trailers_ == "\r\n" || trailers_.ends_with("\n\r\n");
  if (!last) return true;
  Head head;
  const HeadLimits limits{.bytes = kMaxTrailerBytes};
  if (parse_fields(trailers_, 0, limits, head).status != ParseStatus::done) return false;
  trailers_.resize(trailers_.size() - 2);
  state_ = Chunk::done;
  return true;
}

void append_trailers(std::string_view trailers, std::string& out) {
  if (trailers.empty()) return;
  Head head;
  const std::string section = std::string(trailers) + "\r\n";
  if (parse_fields(section, 0, HeadLimits{.bytes = section.size()}, head).status !=
      ParseStatus::done) {
    return;
  }
  for (const Field& field : head.fields) {
    if (field.id == FieldId::other) out += field.line;
  }
}

}  // namespace smic::proxy
