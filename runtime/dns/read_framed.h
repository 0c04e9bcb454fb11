// SPDX-License-Identifier: Apache-2.0
// Messages by TCP: each behind two bytes of length (RFC 1035 §4.2.2, RFC 7766).
#pragma once

#include <string>
#include <string_view>

#include "runtime/net/net.h"

namespace smic::dns {

// False: the connection is at its end.
net::Task<bool> read_framed(net::Stream& stream, std::string& message);
net::Task<bool> write_framed(net::Stream& stream, std::string_view message);

}  // namespace smic::dns
