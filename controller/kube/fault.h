// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a request to the API: as with any other (http/fault.h).
#pragma once

#include "http/http.h"

namespace smic::kube {

using http::Backoff;
using http::Clock;
using http::Deadline;
using http::dial;
using http::Fault;
using http::fault;
using http::fault_of_status;
using http::Head;
using http::HttpConnection;
using http::Request;
using http::secure;
using http::Stop;
using http::TlsOptions;

using ApiError = http::Failure;
template <class T>
using ApiResult = http::Outcome<T>;

}  // namespace smic::kube
