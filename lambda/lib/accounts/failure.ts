/** A command could not be done. The message tells the operator what happened and what to do. */
export class Failure extends Error {}

/** Explains any error to the operator, without secrets. `where` names the cloud that was asked. */
export function explain(error: unknown, where: string): string {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { name, message } = error;
  const code = 'code' in error ? String(error.code) : '';
  if (['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'ECONNRESET'].includes(code)) {
    return `${where} does not answer (${code}). Is it running, and is this machine online?`;
  }
  if (name === 'CredentialsProviderError') {
    return 'There are no AWS credentials. Log in with the AWS CLI, or set AWS_PROFILE.';
  }
  if (/Region is missing/.test(message)) return 'There is no AWS region. Set AWS_REGION to the one of the stack.';
  if (/^(AccessDenied|UnauthorizedOperation|AuthorizationError)/.test(name)) {
    return `AWS does not let you do this: ${message} It takes credentials that may change IAM users, the table and the buckets.`;
  }
  if (/^(InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken)/.test(name)) {
    return `${where} does not take your credentials (${name}). Log in again.`;
  }
  return `${where} answered: ${name}: ${message}`;
}
