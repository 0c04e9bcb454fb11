// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/proxy/http1.h"

using namespace smic::proxy;

namespace {

struct Decoded {
  std::string data;
  std::string rest;
  std::string trailers;
  BodyDecoder::Status status = BodyDecoder::Status::more;
};

// Feeds `input` in pieces of `piece` bytes.
Decoded decode(Framing framing, std::string_view input, std::size_t piece) {
  BodyDecoder decoder(framing);
  Decoded out;
  std::size_t at = 0;
  while (at < input.size() && out.status == BodyDecoder::Status::more) {
    std::string_view fed = input.substr(at, piece);
    while (!fed.empty() && out.status == BodyDecoder::Status::more) {
      const BodyDecoder::Step step = decoder.next(fed);
      out.data += step.data;
      out.status = step.status;
      fed.remove_prefix(step.used);
      at += step.used;
    }
  }
  out.rest = input.substr(at);
  out.trailers = decoder.trailers();
  return out;
}

Decoded chunked(std::string_view input, std::size_t piece = 1 << 20) {
  return decode({BodyKind::chunked, 0}, input, piece);
}

}  // namespace

TEST_CASE("a chunked body is decoded however it is cut") {
  const std::string input =
      "5\r\nhello\r\n1;ext=\"v\"\r\n \r\n00005\r\nworld\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\nGET ";
  for (std::size_t piece = 1; piece < input.size(); ++piece) {
    const Decoded out = chunked(input, piece);
    INFO("pieces of " << piece);
    CHECK(out.status == BodyDecoder::Status::end);
    CHECK(out.data == "hello world");
    CHECK(out.trailers == "X-Sum: 1\r\nY: 2\r\n");
    CHECK(out.rest == "GET ");
  }
}

TEST_CASE("chunk framing that servers have read differently is refused") {
  for (const char* input : {"\r\n",
                            "g\r\n",
                            "-1\r\n",
                            "+1\r\n",
                            "0x1\r\n",
                            " 5\r\nhello\r\n",
                            "5 \r\nhello\r\n",
                            "5\nhello\r\n",
                            "5\rhello",
                            "5\r\nhelloX",
                            "5\r\nhello\n0\r\n\r\n",
                            "5\r\nhello\r0",
                            "ffffffffffffffff\r\n",
                            "10000000000000000\r\n",
                            "00000000000000005\r\n",
                            "5;a\nb\r\nhello\r\n",
                            "5;\x01\r\nhello\r\n",
                            "0\r\nA: b\nB: c\r\n\r\n",
                            "0\r\n A: b\r\n\r\n",
                            "0\r\nA : b\r\n\r\n",
                            "0\r\n\n",
                            "0\r\nno colon\r\n\r\n"}) {
    INFO(input);
    CHECK(chunked(input).status == BodyDecoder::Status::bad);
  }
}

TEST_CASE("extensions and trailers have a limit") {
  CHECK(chunked("1;" + std::string(kMaxChunkExtensionBytes, 'x') + "\r\na\r\n0\r\n\r\n").status ==
        BodyDecoder::Status::end);
  CHECK(chunked("1;" + std::string(kMaxChunkExtensionBytes + 1, 'x') + "\r\na\r\n").status ==
        BodyDecoder::Status::bad);
  CHECK(chunked("0\r\nA: " + std::string(kMaxTrailerBytes, 'x') + "\r\n\r\n").status ==
        BodyDecoder::Status::bad);
}

TEST_CASE("a body with a length ends there") {
  const Decoded out = decode({BodyKind::length, 5}, "helloGET /", 3);
  CHECK(out.status == BodyDecoder::Status::end);
  CHECK(out.data == "hello");
  CHECK(out.rest == "GET /");
}

TEST_CASE("trailers that would frame or route are left out") {
  std::string out;
  append_trailers("X-Sum: 1\r\nContent-Length: 5\r\nHost: b\r\nTransfer-Encoding: chunked\r\n",
                  out);
  CHECK(out == "X-Sum: 1\r\n");
}
