// SPDX-License-Identifier: Apache-2.0
// Bodies in motion. Data is sent from where it was read to, without a copy; what is written anew is
// the framing around it. Nothing is read while the receiver has not taken what was read before:
// that is all there is to backpressure, and a body in flight needs one buffer.
#include <array>
#include <charconv>

#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

constexpr std::size_t kMaxSpans = 30;  // data pieces per write; tiny chunks fill it, others do not

// What of the buffer can be sent now: pieces for one write.
struct Gathered {
  std::array<iovec, kMaxSpans + 4> pieces;
  std::size_t count = 0;
  std::size_t used = 0;  // bytes of the buffer
  std::size_t data = 0;  // body bytes among them
  BodyDecoder::Status status = BodyDecoder::Status::more;
  char size_line[24];
  std::string ending;  // last chunk and trailers

  void add(std::string_view bytes) { pieces[count++] = net::piece(bytes); }
  std::span<iovec> all() { return {pieces.data(), count}; }
};

std::string_view write_size_line(std::size_t size, char (&line)[24]) {
  char* end = std::to_chars(line, line + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {line, static_cast<std::size_t>(end - line)};
}

void add_ending(Pump& state, Gathered& out) {
  out.ending = "0\r\n";
  if (state.trailers) append_trailers(state.decoder.trailers(), out.ending);
  out.ending += "\r\n";
  out.add(out.ending);
}

void gather(Pump& state, std::string_view first, std::size_t skip, Gathered& out) {
  const std::string_view bytes = state.in.bytes();
  out.used = skip;
  if (!first.empty()) out.add(first);
  const std::size_t size_line_at = out.count;
  if (state.chunked) out.add("");
  if (state.decoder.ended()) out.status = BodyDecoder::Status::end;
  std::size_t spans = 0;
  while (out.used < bytes.size() && out.status == BodyDecoder::Status::more && spans < kMaxSpans) {
    const BodyDecoder::Step step = state.decoder.next(bytes.substr(out.used));
    out.used += step.used;
    out.status = step.status;
    if (step.data.empty()) continue;
    out.add(step.data);
    out.data += step.data.size();
    ++spans;
  }
  if (!state.chunked) return;
  if (out.data > 0) {
    out.pieces[size_line_at] = net::piece(write_size_line(out.data, out.size_line));
    out.add("\r\n");
  }
  if (out.status == BodyDecoder::Status::end) add_ending(state, out);
}

std::string copy_behind(std::span<const iovec> pieces, std::size_t skip) {
  std::string out;
  for (const iovec& one : pieces) {
    const std::size_t skipped = std::min(skip, one.iov_len);
    skip -= skipped;
    out.append(static_cast<const char*>(one.iov_base) + skipped, one.iov_len - skipped);
  }
  return out;
}

std::size_t size_of(std::span<const iovec> pieces) {
  std::size_t size = 0;
  for (const iovec& one : pieces) size += one.iov_len;
  return size;
}

PumpEnd source_ended(net::IoStatus status, const BodyDecoder& decoder) {
  const bool until_close = decoder.kind() == BodyKind::until_close && status == net::IoStatus::end;
  return until_close ? PumpEnd::complete : PumpEnd::source_failed;
}

}  // namespace

PumpStart start_pump(Pump& state, std::string_view first, std::size_t skip) {
  Gathered now;
  gather(state, first, skip, now);
  PumpStart out;
  const net::IoResult wrote = state.to.try_write(now.all());
  if (wrote.status != net::IoStatus::ok) {
    out.status = PumpStart::Status::failed;
    return out;
  }
  if (wrote.size < size_of(now.all())) out.left_over = copy_behind(now.all(), wrote.size);
  state.in.consume(now.used);
  state.counted += now.data;
  if (now.status == BodyDecoder::Status::bad) {
    out.status = PumpStart::Status::malformed;
  } else if (now.status == BodyDecoder::Status::more || !out.left_over.empty()) {
    out.status = PumpStart::Status::more;
  }
  return out;
}

net::Task<> pump(Session& session, Pump state, std::string left_over, PumpEnd& end) {
  const bool had_ended = state.decoder.ended();
  if (!left_over.empty()) {
    std::array<iovec, 1> rest{net::piece(left_over)};
    if (co_await state.to.write(rest) != net::IoStatus::ok) {
      end = PumpEnd::sink_failed;
      co_return;
    }
    session.touch();
    if (had_ended) {
      end = PumpEnd::complete;
      co_return;
    }
  }
  for (;;) {
    Gathered now;
    gather(state, {}, 0, now);
    if (now.count > 0 && co_await state.to.write(now.all()) != net::IoStatus::ok) {
      end = PumpEnd::sink_failed;
      co_return;
    }
    state.in.consume(now.used);
    state.counted += now.data;
    if (now.used > 0) session.touch();
    if (now.status != BodyDecoder::Status::more) {
      end = now.status == BodyDecoder::Status::end ? PumpEnd::complete : PumpEnd::malformed;
      co_return;
    }
    if (!state.in.empty()) continue;  // there were more pieces than go into one write
    if (!state.from.reading()) state.from.start_read(state.in.room());
    const net::IoResult got = co_await state.from.read_result();
    if (got.status != net::IoStatus::ok) {
      end = source_ended(got.status, state.decoder);
      break;
    }
    state.in.commit(got.size);
    session.touch();
  }
  if (end == PumpEnd::complete && state.chunked) {
    constexpr std::string_view kLast = "0\r\n\r\n";
    std::array<iovec, 1> last{net::piece(kLast)};
    if (co_await state.to.write(last) != net::IoStatus::ok) end = PumpEnd::sink_failed;
  }
}

}  // namespace smic::proxy
