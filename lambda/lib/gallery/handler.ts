/**
 * Converts the event of a Function URL (payload 2.0) to a Request, and a Response back.
 * docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
import type { APIGatewayProxyStructuredResultV2, LambdaFunctionURLEvent } from 'aws-lambda';
import { galleryApp } from './app';
import type { Gallery } from './gallery';

/** Methods that a Request may have. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The function that Lambda invokes for each request. */
export type GalleryHandler = (event: LambdaFunctionURLEvent) => Promise<APIGatewayProxyStructuredResultV2>;

/** The handler of the cloud application. */
export function galleryHandler(gallery: Gallery): GalleryHandler {
  const app = galleryApp(gallery);
  return async (event) => {
    if (!METHODS.has(event.requestContext.http.method))
      return { statusCode: 405, headers: { allow: [...METHODS].join(', ') } };
    return await resultOf(await app.fetch(requestOf(event), event));
  };
}

function requestOf(event: LambdaFunctionURLEvent): Request {
  const { rawPath, rawQueryString, requestContext, cookies = [], body = '', isBase64Encoded } = event;
  const { method } = requestContext.http;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) setIfValid(headers, name, value);
  if (cookies.length > 0) setIfValid(headers, 'cookie', cookies.join('; '));
  const url = new URL(`https://${requestContext.domainName}`);
  url.pathname = rawPath;
  url.search = rawQueryString;
  // A GET has no body, whatever was sent.
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers });
  return new Request(url, { method, headers, body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') });
}

/** Ignores a header with characters that no header may have. */
function setIfValid(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function resultOf(response: Response): Promise<APIGatewayProxyStructuredResultV2> {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'));
  const body = Buffer.from(await response.arrayBuffer());
  const isText = !response.headers.has('content-encoding') && isTextual(response.headers.get('content-type') ?? '');
  return {
    statusCode: response.status,
    headers,
    cookies: response.headers.getSetCookie(),
    body: body.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  };
}

function isTextual(type: string): boolean {
  return /^text\/|^application\/(.*\+)?json\b|^image\/svg\+xml\b/.test(type);
}
