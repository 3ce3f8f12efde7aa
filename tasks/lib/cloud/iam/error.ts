/** The errors of IAM that occur here: docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */

const STATUS = {
  AccessDenied: 403,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  MissingAuthenticationToken: 403,
  NoSuchEntity: 404,
  RequestTimeTooSkewed: 403,
  ServiceFailure: 500,
  SignatureDoesNotMatch: 403,
  ValidationError: 400,
} as const;

/** The code of an error. */
export type IamErrorCode = keyof typeof STATUS;

/** A refusal that reaches the client as IAM's `<ErrorResponse>` document. */
export class IamError extends Error {
  readonly code: IamErrorCode;
  readonly status: number;

  constructor(code: IamErrorCode, message: string) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = STATUS[code];
  }
}
